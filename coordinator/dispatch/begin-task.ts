/** assigned → running: the worker starts the Playwright process of this grant. Beginning twice is beginning once. */
import type { WriteHandle } from '../storage/database.ts';
import { standingOf } from './held-task.ts';
import type { ReportAnswer } from './report-answer.ts';

export async function beginTask(
  w: WriteHandle,
  grant: { workerId: string; taskId: string; fence: number },
  now: number,
): Promise<ReportAnswer> {
  const found = await standingOf(w, grant.workerId, grant.taskId, grant.fence);
  if (found.standing !== 'held') return { result: 'stale', detail: whyStale(found) };
  const { task } = found;
  if (task.state === 'running') return { result: 'accepted' };
  await w.run(`UPDATE tasks SET state = 'running', started_at = ?, heartbeat_at = ? WHERE id = ? AND fence = ?`, [
    now,
    now,
    task.id,
    task.fence,
  ]);
  await w.run('UPDATE task_attempts SET started_at = ? WHERE fence = ?', [now, task.fence]);
  await w.event({
    type: 'task.started',
    runId: task.runId,
    workerId: task.workerId,
    taskId: task.id,
    data: { attempt: task.attempt, fence: task.fence },
  });
  return { result: 'accepted' };
}

export function whyStale(found: { standing: 'ended'; ended: string } | { standing: 'unknown' }): string {
  return found.standing === 'ended' ? `this grant has ended (${found.ended})` : 'no such grant of this worker';
}
