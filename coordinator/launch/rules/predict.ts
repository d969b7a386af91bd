/** How long chosen tests will probably take on some slots. */
import { longestFirst } from '../../results/schedule/longest-first.ts';
import type { Preview } from '../../../shared/protocol/rest/launch.ts';
import type { KnownSuite, KnownTest } from '../suite.ts';

export interface Lender {
  slots: number;
  /** 1 = as the history says, 0.5 = takes twice as long. */
  speed: number;
}

/** Milliseconds of each unit: what runs together counts as one, and a serial group runs as a whole although a part of it was chosen. */
export function unitsOf(
  { tests, wholeUnits }: Pick<KnownSuite, 'tests' | 'wholeUnits'>,
  chosen: readonly KnownTest[],
  expected: ReadonlyMap<string, number>,
): number[] {
  const msOf = (list: readonly KnownTest[]) => list.reduce((sum, { id }) => sum + (expected.get(id) ?? 0), 0);
  const units = Map.groupBy(chosen, (test) => test.unitNo ?? test.id);
  const whole = new Set([...units.keys()].filter((no) => typeof no === 'number' && wholeUnits.has(no)));
  const all = whole.size === 0 ? new Map<number | null, KnownTest[]>() : Map.groupBy(tests, (test) => test.unitNo);
  return [...units].map(([no, list]) => msOf(typeof no === 'number' && whole.has(no) ? (all.get(no) ?? list) : list));
}

/** null where there is nothing to run, or nobody to run it. `startMs`: what starting a process costs. */
export function predict(
  unitsMs: readonly number[],
  lenders: readonly Lender[],
  startMs: number,
): Omit<NonNullable<Preview['prediction']>, 'known'> | null {
  const slots = lenders.reduce((sum, lender) => sum + lender.slots, 0);
  if (unitsMs.length === 0 || slots === 0) return null;
  // Idle slots take over what slow machines have left, so that all work at the mean speed in the end.
  const speed = lenders.reduce((sum, lender) => sum + lender.slots * lender.speed, 0) / slots;
  const units = unitsMs.map((ms) => ms / speed);
  const work = units.reduce((sum, ms) => sum + ms, 0);
  const longest = Math.max(...units);
  return {
    duration_ms: longestFirst(units, slots, startMs),
    lower_bound_ms: Math.max(work / slots, longest),
    work_ms: work,
    longest_ms: longest,
  };
}
