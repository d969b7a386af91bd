/**
 * A polling worker's summary of a task (POST results/submit). It counts for the run once the task has completed, whichever comes first, and
 * only where the task reported no single tests: those say more.
 */
import type { z } from 'zod';
import type { resultSubmit } from '../../shared/protocol/rest/results.ts';
import { newestFence, standingOf } from '../dispatch/held-task.ts';
import { countSummary } from '../runs/count-summary.ts';
import type { WriteHandle } from '../storage/database.ts';

export type SubmitAnswer = 'accepted' | 'duplicate' | 'stale' | 'unknown' | 'conflict';

export async function submitResult(
  w: WriteHandle,
  workerId: string,
  submit: z.infer<typeof resultSubmit>,
): Promise<SubmitAnswer> {
  const { task_id: taskId, fence: named, metrics: custom, ...submitted } = submit;
  const fence = named ?? (await newestFence(w, workerId, taskId));
  if (fence === null) return 'unknown';
  const found = await standingOf(w, workerId, taskId, fence);
  if (found.standing === 'unknown') return 'unknown';
  const metrics = JSON.stringify({ submitted, custom: custom ?? null });
  const before = await w.get<{ metrics: string | null }>('SELECT metrics FROM task_attempts WHERE fence = ?', [fence]);
  if (before?.metrics) return before.metrics === metrics ? 'duplicate' : 'conflict';
  await w.run('UPDATE task_attempts SET metrics = ? WHERE fence = ?', [metrics, fence]);
  if (found.standing === 'held') return 'accepted';
  if (found.ended !== 'completed') return 'stale';
  await countSummary(w, { runId: found.runId, taskId, fence });
  return 'accepted';
}
