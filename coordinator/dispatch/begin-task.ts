/** assigned → running: the worker starts the Playwright process of this grant. Beginning twice is beginning once. */
import type { WriteHandle } from '../storage/database.ts';
import { standingOf } from './held-task.ts';
import type { ReportAnswer } from './report-answer.ts';

export interface GrantName {
  workerId: string;
  taskId: string;
  fence: number;
}

/** Begins those of the grants that are held and not begun, with one statement for all of them; returns the fences of these. */
export async function beginTasks(w: WriteHandle, grants: readonly GrantName[], now: number): Promise<Set<number>> {
  const begun = await w.all<{ id: string; run_id: string; worker_id: string; attempt: number; fence: number }>(
    `UPDATE tasks SET state = 'running', started_at = ?, heartbeat_at = ? FROM json_each(?) g
     WHERE tasks.id = g.value ->> 0 AND tasks.fence = g.value ->> 1 AND tasks.worker_id = g.value ->> 2 AND tasks.state = 'assigned'
     RETURNING id, run_id, worker_id, attempt, fence`,
    [now, now, JSON.stringify(grants.map((grant) => [grant.taskId, grant.fence, grant.workerId]))],
  );
  for (const { id, run_id, worker_id, attempt, fence } of begun) {
    const data = { attempt, fence };
    await w.event({ type: 'task.started', runId: run_id, workerId: worker_id, taskId: id, data });
  }
  return new Set(begun.map((row) => row.fence));
}

export async function beginTask(w: WriteHandle, grant: GrantName, now: number): Promise<ReportAnswer> {
  const begun = await beginTasks(w, [grant], now);
  if (begun.has(grant.fence)) return { result: 'accepted' };
  const found = await standingOf(w, grant.workerId, grant.taskId, grant.fence);
  return found.standing === 'held' ? { result: 'accepted' } : { result: 'stale', detail: whyStale(found) };
}

export function whyStale(found: { standing: 'ended'; ended: string } | { standing: 'unknown' }): string {
  return found.standing === 'ended' ? `this grant has ended (${found.ended})` : 'no such grant of this worker';
}
