/** Grants whose worker is gone or whose lease is over: their unfinished tests wait again, finished ones are not repeated. */
import type { WriteHandle } from '../storage/database.ts';
import { endAttempt } from './end-attempt.ts';
import { failAttempt } from './fail-attempt.ts';
import type { FailureContext } from './failure-context.ts';
import { standingOf, unsettledTests } from './held-task.ts';
import { judgeLoss, type AttemptFacts } from './rules/task-state.ts';

/** Up to this attempt a grant that was lost before it began costs no retry: a bad line loses many in a row. */
const FREE_ATTEMPTS = 10;

interface Lost {
  id: string;
  worker_id: string;
  fence: number;
}

/** Leases that ended by `now`. Returns how many. */
export async function expireLeases(w: WriteHandle, failures: FailureContext, now: number): Promise<number> {
  const rows = await w.all<Lost>(
    `SELECT id, worker_id, fence FROM tasks WHERE state IN ('assigned', 'running') AND lease_until < ?`,
    [now],
  );
  const reason = 'its worker did not renew the lease';
  for (const row of rows) await lose(w, row, { ended: 'expired', reason }, failures, now);
  return rows.length;
}

/** Everything that a worker holds, except the grants named in `keep` (by fence). Returns how many were taken from it. */
export async function loseTasksOf(
  w: WriteHandle,
  workerId: string,
  keep: readonly number[],
  reason: string,
  failures: FailureContext,
  now: number,
): Promise<number> {
  const rows = await w.all<Lost>(
    `SELECT id, worker_id, fence FROM tasks WHERE worker_id = ? AND state IN ('assigned', 'running')
       AND fence NOT IN (SELECT value FROM json_each(?))`,
    [workerId, JSON.stringify(keep)],
  );
  for (const row of rows) await lose(w, row, { ended: 'lost', reason }, failures, now);
  return rows.length;
}

async function lose(
  w: WriteHandle,
  row: Lost,
  { ended, reason }: { ended: 'expired' | 'lost'; reason: string },
  failures: FailureContext,
  now: number,
): Promise<void> {
  const found = await standingOf(w, row.worker_id, row.id, row.fence);
  if (found.standing !== 'held') return;
  const { task } = found;
  // Never begun: most likely it never arrived, so nothing was tried. Only an agent that dies of every grant comes to the limit.
  if (ended === 'lost' && task.state === 'assigned' && task.attempt <= FREE_ATTEMPTS) {
    await endAttempt(w, task, { next: 'pending', ended: 'released', reason }, {}, now);
    return;
  }
  const open = await unsettledTests(w, task);
  const hadTests = await w.get<{ n: number }>('SELECT count(*) AS n FROM tests WHERE run_id = ? AND fence = ?', [
    task.runId,
    row.fence,
  ]);
  const judge = (facts: AttemptFacts) => judgeLoss(ended, reason, facts, (hadTests?.n ?? 0) > 0);
  await failAttempt(w, task, { how: ended, reason, permanent: false, open, judge, figures: {} }, failures, now);
}
