/** The first start of a data folder that came out of a backup. */
import { recordAudit, SYSTEM } from '../audit/record.ts';
import { releaseTask } from '../dispatch/release-task.ts';
import { RESTORED, type RestoredMark } from '../storage/copied-file.ts';
import type { WriteHandle } from '../storage/database.ts';

const REASON = 'the coordinator was restored from a backup';

/**
 * Ends what was held when the backup was taken: it waits again, and reports of the workers that held it are stale. Sessions end, because
 * some may have been ended after the backup. Call it before anything is handed out; in one command, so that a kill repeats all of it.
 * Returns how many tasks wait again; null: this database was not restored.
 */
export async function takeUpRestored(w: WriteHandle, now: number): Promise<number | null> {
  const row = await w.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', [RESTORED]);
  if (!row) return null;
  const mark = JSON.parse(row.value) as RestoredMark;
  const held = await w.all<{ id: string; worker_id: string; fence: number }>(
    `SELECT id, worker_id, fence FROM tasks WHERE state IN ('assigned', 'running')`,
  );
  for (const { id, worker_id: workerId, fence } of held)
    await releaseTask(w, { workerId, taskId: id, fence, reason: REASON }, now);
  await w.run('DELETE FROM sessions');
  await w.run('DELETE FROM meta WHERE key = ?', [RESTORED]);
  const { backup, taken_at } = mark;
  await w.event({ type: 'coordinator.restored', data: { backup, taken_at, tasks: held.length } });
  await recordAudit(
    w,
    { ...SYSTEM, action: 'coordinator.restored', target: backup, data: { taken_at, restored_at: mark.restored_at } },
    now,
  );
  return held.length;
}
