/** A worker gives a grant back unfinished, without blame: the task waits again at once. */
import type { WriteHandle } from '../storage/database.ts';
import { whyStale } from './begin-task.ts';
import { endAttempt } from './end-attempt.ts';
import { standingOf } from './held-task.ts';
import type { ReportAnswer } from './report-answer.ts';

export async function releaseTask(
  w: WriteHandle,
  grant: { workerId: string; taskId: string; fence: number; reason: string },
  now: number,
): Promise<ReportAnswer> {
  const found = await standingOf(w, grant.workerId, grant.taskId, grant.fence);
  if (found.standing === 'ended' && found.ended === 'released') return { result: 'accepted' };
  if (found.standing !== 'held') return { result: 'stale', detail: whyStale(found) };
  await endAttempt(w, found.task, { next: 'pending', ended: 'released', reason: grant.reason }, {}, now);
  return { result: 'accepted' };
}
