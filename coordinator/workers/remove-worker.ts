/** Sends a worker away: its key works no longer and what it holds is queued again. Its record stays, because results name it. */
import type { WriteHandle } from '../storage/database.ts';

export type ReleaseAll = (w: WriteHandle, workerId: string, reason: string, now: number) => Promise<void>;

/** Its host name; null where there is no such worker. `onRemoved` runs after the commit. */
export async function removeWorker(
  w: WriteHandle,
  workerId: string,
  { releaseAll, onRemoved, reason }: { releaseAll: ReleaseAll; onRemoved: () => void; reason: string },
  now: number,
): Promise<string | null> {
  const row = await w.get<{ hostname: string }>(
    'UPDATE workers SET revoked_at = ?, online = 0 WHERE id = ? AND revoked_at IS NULL RETURNING hostname',
    [now, workerId],
  );
  if (!row) return null;
  await releaseAll(w, workerId, reason, now);
  await w.event({ type: 'worker.removed', workerId, data: { worker: row.hostname, reason } });
  w.afterCommit(onRemoved);
  return row.hostname;
}
