/** A worker was not heard of for too long. */
import type { WriteHandle } from '../storage/database.ts';

/** false where it was not online. */
export async function markOffline(w: WriteHandle, workerId: string, reason: string): Promise<boolean> {
  const row = await w.get<{ hostname: string }>(
    `UPDATE workers SET online = 0, failed_health_checks = failed_health_checks + 1 WHERE id = ? AND online = 1 RETURNING hostname`,
    [workerId],
  );
  if (!row) return false;
  await w.event({ type: 'worker.offline', workerId, data: { worker: row.hostname, reason } });
  return true;
}
