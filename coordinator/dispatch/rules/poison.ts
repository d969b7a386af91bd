/** Tests that take their process or machine down (invariant I8): when one is quarantined, and what is tried apart from what. */

export interface Incident {
  worker: string;
  at: number;
  how: string;
  reason: string | null;
}

/** Why a test never got a result: what people read beside it. */
export function quarantineNote(incidents: readonly Incident[]): string {
  const each = incidents.map(({ worker, at, how, reason }, i) => {
    const words = reason === null ? '' : `: ${reason.slice(0, 300)}`;
    return `${i + 1}. on ${worker} at ${new Date(at).toISOString()} (${how}${words})`;
  });
  return `quarantined: it was running in ${incidents.length} losses or crashes and is not tried again in this run. ${each.join('; ')}`;
}

export interface OpenUnit {
  no: number;
  /** One of its tests was running at the end of the grant. */
  suspect: boolean;
}

export interface Division {
  /** Keep the task and its history. */
  stay: number[];
  /** Each becomes a task of its own. */
  apart: { unitNos: number[]; suspect: boolean }[];
}

/** Where nobody knows which unit was running: in halves, until the killer is alone. */
export function halve(units: readonly OpenUnit[]): Division {
  const nos = units.map((unit) => unit.no);
  const other = nos.filter((_, i) => i % 2 === 1);
  return {
    stay: nos.filter((_, i) => i % 2 === 0),
    apart: other.length === 0 ? [] : [{ unitNos: other, suspect: false }],
  };
}

/**
 * How the open units of a task go on after its process crashed: each suspect alone, the innocent together and away from them, so that a
 * killer cannot take them down again.
 */
export function tellApart(units: readonly OpenUnit[]): Division {
  const suspects = units.filter((unit) => unit.suspect).map((unit) => unit.no);
  const innocent = units.filter((unit) => !unit.suspect).map((unit) => unit.no);
  const [first, ...others] = suspects;
  if (first === undefined) return { stay: innocent, apart: [] };
  const apart = others.map((no) => ({ unitNos: [no], suspect: true }));
  return { stay: [first], apart: innocent.length === 0 ? apart : [...apart, { unitNos: innocent, suspect: false }] };
}
