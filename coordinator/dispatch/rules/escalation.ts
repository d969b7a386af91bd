/** Who tries a task again that failed: another worker before the same one, another kind of machine after two, and a person at the end. */

export type Step = 'retry' | 'other_worker' | 'other_kind';

export interface Place {
  workerId: string;
  name: string;
  /** Its fingerprint, or its id where that is not known: two agents may share one machine. */
  machine: string;
  /** Platform and architecture. */
  kind: string;
}

export interface PastFailure extends Place {
  at: number;
  reason: string;
}

export interface Choice {
  step: Step;
  /** Those that may take it. */
  workerIds: ReadonlySet<string>;
  why: string;
}

/** How long a task waits for a better worker that is busy, before any able one may take it. */
export const PATIENCE_MS = 60_000;

/** `able`: connected workers that take work and have what the task needs, busy or not. Empty where there are none. */
export function chooseNext(failures: readonly PastFailure[], able: readonly Place[], now: number): Choice {
  const all = (why: string): Choice => ({ step: 'retry', workerIds: idsOf(able), why });
  const last = Math.max(...failures.map((failure) => failure.at));
  if (failures.length === 0) return all('nothing of it failed yet');
  const machines = new Set(failures.map((failure) => failure.machine));
  const kinds = new Set(failures.map((failure) => failure.kind));
  const others = able.filter((place) => !machines.has(place.machine));
  const failedOn = `it failed on ${list(failures.map((failure) => failure.name))}`;
  if (others.length === 0) return all(`${failedOn}; no other able worker is connected`);
  if (now - last >= PATIENCE_MS) return all(`${failedOn}; no other able worker was free for ${PATIENCE_MS / 1000} s`);
  const otherKinds = machines.size < 2 ? [] : others.filter((place) => !kinds.has(place.kind));
  if (otherKinds.length > 0) {
    return {
      step: 'other_kind',
      workerIds: idsOf(otherKinds),
      why: `${failedOn} (${list([...kinds])}); another kind of machine is next`,
    };
  }
  return { step: 'other_worker', workerIds: idsOf(others), why: `${failedOn}; another worker is next` };
}

/** What a person is asked to do about a task that nobody could carry out. */
export function askPerson(failures: readonly { name: string; reason: string }[]): string {
  const tries = failures.map(({ name, reason }, i) => `${i + 1}. ${name}: ${reason}`);
  const machines = new Set(failures.map((failure) => failure.name)).size;
  const look =
    machines > 1
      ? 'It failed on different machines, so look at the suite and its tests first'
      : `It failed on ${failures[0]?.name ?? 'one machine'} only, so look at that machine first, or connect another one`;
  return `Tried ${failures.length} times (${tries.join('; ')}). ${look}: its output is in playfleet logs. Then repeat it: playfleet retry`;
}

const idsOf = (places: readonly Place[]): Set<string> => new Set(places.map((place) => place.workerId));
const list = (names: readonly string[]): string => [...new Set(names)].join(', ');
