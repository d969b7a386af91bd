/** Cancels a run: from the moment this is answered nothing of it is handed out any more (invariant I5). */
import { moveRun } from '../runs/move-run.ts';
import type { WriteHandle } from '../storage/database.ts';
import { cancelOpenTasks } from './end-attempt.ts';

export type CancelResult = { result: 'cancelled' } | { result: 'already_final'; state: string } | { result: 'unknown' };

export async function cancelRun(w: WriteHandle, runId: string, reason: string, now: number): Promise<CancelResult> {
  const moved = await moveRun(w, runId, { type: 'cancel' }, { reason }, now);
  if (moved) {
    await cancelOpenTasks(w, runId, reason, now);
    return { result: 'cancelled' };
  }
  const row = await w.get<{ state: string }>('SELECT state FROM runs WHERE id = ?', [runId]);
  return row ? { result: 'already_final', state: row.state } : { result: 'unknown' };
}
