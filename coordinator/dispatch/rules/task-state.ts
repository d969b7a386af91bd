/**
 * The life of a task:
 *
 *              ┌───────── release · expire · lose · retry ─────────┐
 *              ▼                                                   │
 *   pending ─claim─► assigned ─begin─► running ─complete─► completed
 *              │         └────────────────┴──fail──────────► failed | timeout   (no automatic retry left)
 *              └──────────────────cancel───────────────────► cancelled
 *
 * Each grant is an attempt with a fence; whoever speaks with an older fence changes nothing.
 */
import type { ProcessEnd } from '../../../shared/protocol/work.ts';

/** How an attempt ended, as `task_attempts.ended` holds it. */
export type AttemptEnd = 'completed' | 'failed' | 'timeout' | 'cancelled' | 'released' | 'expired' | 'lost';

/**
 * These use up an automatic retry; giving work back (released) and being told to stop (cancelled) do not. Nor do losses and crashes of
 * which the running tests are known: those are counted per test, and end with its quarantine (poison.ts).
 */
export const COSTS_RETRY: readonly AttemptEnd[] = ['failed', 'timeout', 'expired', 'lost'];

/** Where more tests than this seem to kill, it is the suite, its environment or the machines, and going on would take for ever. */
export const MOST_QUARANTINED = 10;

export type Verdict =
  | { next: 'completed'; ended: AttemptEnd; reason: string | null }
  | { next: 'pending'; ended: AttemptEnd; reason: string }
  | { next: 'failed' | 'timeout'; ended: AttemptEnd; reason: string };

export interface AttemptFacts {
  /** Attempts of this task that ended in one of COSTS_RETRY, this one not counted. */
  retriesUsed: number;
  maxRetries: number;
  /** Ordered tests without an outcome, those that Playwright chose not to run not counted. */
  missing: number;
  /**
   * Of a loss or crash: how many unsettled tests were running, how many of these are in quarantine now and not missing any more, and how
   * many of the whole run are. divided: nobody knows what was running, and the task goes on in two halves.
   */
  incident?: { suspects: number; quarantined: number; quarantinedOfRun: number; divided: boolean };
}

/** What becomes of a task whose worker reported the end of its Playwright process. */
export function judgeFinish(end: Pick<ProcessEnd, 'how' | 'message' | 'permanent'>, facts: AttemptFacts): Verdict {
  switch (end.how) {
    case 'finished':
      if (facts.missing === 0) return { next: 'completed', ended: 'completed', reason: null };
      return retryOrFail(
        'failed',
        end.message ?? `${facts.missing} ordered tests did not report a result`,
        facts,
        end.permanent,
      );
    case 'crashed':
      return retryOrFail(
        'failed',
        end.message ?? 'the Playwright process ended without its last word',
        facts,
        end.permanent,
      );
    case 'timeout':
      return retryOrFail('timeout', end.message ?? 'the task took longer than its time-out', facts, end.permanent);
    case 'prepare_failed':
      return retryOrFail('failed', end.message ?? 'the worker could not prepare the suite', facts, end.permanent);
    case 'cancelled':
      return { next: 'pending', ended: 'released', reason: end.message ?? 'stopped on the worker' };
  }
}

/** What becomes of a task whose worker was lost or whose lease ended. With nothing left to run it is complete. */
export function judgeLoss(ended: 'expired' | 'lost', reason: string, facts: AttemptFacts, hadTests: boolean): Verdict {
  if (hadTests && facts.missing === 0) return { next: 'completed', ended: 'completed', reason: null };
  return retryOrFail(ended, reason, facts, false);
}

function retryOrFail(ended: AttemptEnd, reason: string, facts: AttemptFacts, permanent: boolean): Verdict {
  const { quarantined = 0, quarantinedOfRun = 0 } = facts.incident ?? {};
  if (quarantinedOfRun > MOST_QUARANTINED) {
    const why = `${quarantinedOfRun} tests of this run are quarantined, so it is hardly the tests: ${reason}`;
    return { next: ended === 'timeout' ? 'timeout' : 'failed', ended, reason: why };
  }
  if (!permanent && quarantined > 0) return { next: facts.missing === 0 ? 'completed' : 'pending', ended, reason };
  if (!permanent && facts.maxRetries > 0 && !isCharged(ended, facts)) return { next: 'pending', ended, reason };
  if (!permanent && facts.retriesUsed < facts.maxRetries) return { next: 'pending', ended, reason };
  return { next: ended === 'timeout' ? 'timeout' : 'failed', ended, reason };
}

/**
 * Whether a failure uses up a retry. Not where it is counted against tests, which ends with their quarantine, nor where the task is divided,
 * which ends with single tests. A time-out may as well say that the task is long.
 */
export function isCharged(ended: AttemptEnd, { incident }: Pick<AttemptFacts, 'incident'>): boolean {
  return ended === 'timeout' || !incident || (incident.suspects === 0 && !incident.divided);
}
