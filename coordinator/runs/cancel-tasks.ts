/** Cancels tasks that nobody holds: of a run that has not begun, or of a group that is not run. */
import type { WriteHandle } from '../storage/database.ts';

/** `groupNo`: only of this group. Returns how many there were. */
export async function cancelPendingTasks(
  w: WriteHandle,
  { runId, groupNo = null }: { runId: string; groupNo?: number | null },
  reason: string,
  now: number,
): Promise<number> {
  const { changes } = await w.run(
    `UPDATE tasks SET state = 'cancelled', reason = ?, completed_at = ? WHERE run_id = ? AND state = 'pending' AND (? IS NULL OR group_no = ?)`,
    [reason, now, runId, groupNo, groupNo],
  );
  await w.run('UPDATE runs SET tasks_finished = tasks_finished + ? WHERE id = ?', [changes, runId]);
  return changes;
}
