/** Whether and when a child process that ended by itself is started again. */
import { backoffMs, type Backoff } from '../../../shared/base/backoff.ts';

const WAITS: Backoff = { baseMs: 1_000, maxMs: 60_000 };
/** A process that ran for so long has not failed to start: counting begins anew. */
export const STEADY_MS = 60_000;
/** After as many ends in a row, somebody must look. */
export const MOST_FAILURES = 6;

export type AfterEnd = { failures: number; startInMs: number } | { failures: number; startInMs: null };

/**
 * `failures`: ends in a row before this one; `ranMs`: how long it ran; `hopeless`: it said that starting again does not help.
 * `startInMs` null: give up.
 */
export function afterEnd(
  { failures, ranMs, hopeless }: { failures: number; ranMs: number; hopeless: boolean },
  random: () => number,
): AfterEnd {
  const inARow = (ranMs >= STEADY_MS ? 0 : failures) + 1;
  if (hopeless || inARow >= MOST_FAILURES) return { failures: inARow, startInMs: null };
  return { failures: inARow, startInMs: backoffMs(WAITS, inARow, random) };
}
