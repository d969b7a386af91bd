/**
 * The circuit breaker of a worker:
 *
 *   closed ──failures in a row, or a high rate of them──► open ──cool-down over──► half_open ──one success──► closed
 *                                                          ▲                           │
 *                                                          └────────one failure────────┘   (the cool-down doubles, up to a limit)
 *
 * Only failures that may be the machine's count (blame.ts); tests that fail never do.
 */

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface Breaker {
  state: BreakerState;
  /** Why it opened, for people; null while it is closed. */
  reason: string | null;
  /** When an open one may be tried again, milliseconds since the epoch; null otherwise. */
  until: number | null;
  /** Openings since it was last closed. */
  openings: number;
  /** Failures before this time do not count. */
  from: number;
}

export interface BreakerRules {
  /** 0 = it never opens. */
  failuresInRow: number;
  /** 1–100: failures of all ends within the window. */
  failurePercent: number;
  windowMs: number;
  coolDownMs: number;
  coolDownLimitMs: number;
}

export interface MachineFailure {
  at: number;
  /** How many tasks the worker had completed by then, in its life. */
  completedBefore: number;
  reason: string;
}

export interface WorkerRecord {
  /** In any order, the newest included. */
  failures: readonly MachineFailure[];
  /** How many tasks the worker has completed by now, in its life. */
  completed: number;
}

/** Fewer say nothing about a rate. */
const FEWEST_FOR_RATE = 5;

export const closedBreaker = (from: number): Breaker => ({
  state: 'closed',
  reason: null,
  until: null,
  openings: 0,
  from,
});

/** After a failure that is in `record`. The same object where nothing changes: what fails while it is open was begun before. */
export function afterFailure(breaker: Breaker, record: WorkerRecord, rules: BreakerRules, now: number): Breaker {
  if (breaker.state === 'open' || rules.failuresInRow === 0) return breaker;
  const newest = record.failures.reduce<MachineFailure | null>(
    (latest, failure) => (latest && latest.at > failure.at ? latest : failure),
    null,
  );
  const why =
    breaker.state === 'half_open'
      ? `the try after its cool-down failed: ${newest?.reason ?? 'no reason known'}`
      : whyOpen(breaker.from, record, rules, now, newest?.reason ?? 'no reason known');
  if (why === null) return breaker;
  const openings = breaker.openings + 1;
  return { state: 'open', reason: why, until: now + coolDownMs(openings, rules), openings, from: breaker.from };
}

function whyOpen(from: number, record: WorkerRecord, rules: BreakerRules, now: number, newest: string): string | null {
  const counted = record.failures.filter((failure) => failure.at >= from);
  const inRow = moments(counted.filter((failure) => failure.completedBefore === record.completed));
  if (inRow >= rules.failuresInRow)
    return `${inRow} ${inRow === 1 ? 'failure' : 'failures'} in a row, the last: ${newest}`;
  const recent = counted.filter((failure) => failure.at > now - rules.windowMs);
  const failed = moments(recent);
  if (failed < FEWEST_FOR_RATE) return null;
  const completed = record.completed - Math.min(...recent.map((failure) => failure.completedBefore));
  const percent = (failed / (failed + completed)) * 100;
  if (percent < rules.failurePercent) return null;
  const window = `${Math.round(rules.windowMs / 1000)} s`;
  return `${failed} of ${failed + completed} tries failed within ${window}, the last: ${newest}`;
}

/** What ended in one moment is one failure: a machine that goes away takes all of its slots with it. */
const moments = (failures: readonly MachineFailure[]): number => new Set(failures.map((failure) => failure.at)).size;

/** Doubles with each opening since it was last closed. */
export function coolDownMs(openings: number, rules: Pick<BreakerRules, 'coolDownMs' | 'coolDownLimitMs'>): number {
  return Math.min(
    Math.max(rules.coolDownMs, rules.coolDownLimitMs),
    rules.coolDownMs * 2 ** Math.min(openings - 1, 30),
  );
}

/** A task was completed. Only a trial decides: what completes while it is open was begun before. */
export function afterSuccess(breaker: Breaker, now: number): Breaker {
  return breaker.state === 'half_open' ? closedBreaker(now) : breaker;
}

export function afterTime(breaker: Breaker, now: number): Breaker {
  if (breaker.state !== 'open' || breaker.until === null || breaker.until > now) return breaker;
  return { ...breaker, state: 'half_open', until: null };
}

/** How many of its free slots may be used. `held`: how many tasks it holds. */
export function slotsAllowed(state: BreakerState, free: number, held: number): number {
  if (state === 'open') return 0;
  return state === 'half_open' ? Math.min(free, held === 0 ? 1 : 0) : free;
}
