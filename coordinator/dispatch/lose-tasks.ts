/** Grants whose worker is gone or whose lease is over: their unfinished tests wait again, finished ones are not repeated. */
import type { WriteHandle } from '../storage/database.ts';
import { endAttempt, retriesUsed } from './end-attempt.ts';
import { standingOf, unsettledTests } from './held-task.ts';
import { judgeLoss } from './rules/task-state.ts';

/** Up to this attempt a grant that was lost before it began costs no retry: a bad line loses many in a row. */
const FREE_ATTEMPTS = 10;

interface Lost {
  id: string;
  worker_id: string;
  fence: number;
}

/** Leases that ended by `now`. Returns how many. */
export async function expireLeases(w: WriteHandle, now: number): Promise<number> {
  const rows = await w.all<Lost>(
    `SELECT id, worker_id, fence FROM tasks WHERE state IN ('assigned', 'running') AND lease_until < ?`,
    [now],
  );
  for (const row of rows) await lose(w, row, 'expired', 'its worker did not renew the lease', now);
  return rows.length;
}

/** Everything that a worker holds, except the grants named in `keep` (by fence). Returns how many were taken from it. */
export async function loseTasksOf(
  w: WriteHandle,
  workerId: string,
  keep: readonly number[],
  reason: string,
  now: number,
): Promise<number> {
  const rows = await w.all<Lost>(
    `SELECT id, worker_id, fence FROM tasks WHERE worker_id = ? AND state IN ('assigned', 'running')
       AND fence NOT IN (SELECT value FROM json_each(?))`,
    [workerId, JSON.stringify(keep)],
  );
  for (const row of rows) await lose(w, row, 'lost', reason, now);
  return rows.length;
}

async function lose(w: WriteHandle, row: Lost, ended: 'expired' | 'lost', reason: string, now: number): Promise<void> {
  const found = await standingOf(w, row.worker_id, row.id, row.fence);
  if (found.standing !== 'held') return;
  // Never begun: most likely it never arrived, so nothing was tried. Only an agent that dies of every grant comes to the limit.
  if (ended === 'lost' && found.task.state === 'assigned' && found.task.attempt <= FREE_ATTEMPTS) {
    await endAttempt(w, found.task, { next: 'pending', ended: 'released', reason }, {}, now);
    return;
  }
  const missing = (await unsettledTests(w, found.task)).length;
  const hadTests = await w.get<{ n: number }>('SELECT count(*) AS n FROM tests WHERE run_id = ? AND fence = ?', [
    found.task.runId,
    row.fence,
  ]);
  const facts = { retriesUsed: await retriesUsed(w, row.id), maxRetries: found.task.maxRetries, missing };
  await endAttempt(w, found.task, judgeLoss(ended, reason, facts, (hadTests?.n ?? 0) > 0), {}, now);
}
