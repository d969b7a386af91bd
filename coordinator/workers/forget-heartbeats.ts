/** The history of heartbeats is short: it shows how a machine did today and yesterday. */
import type { WriteHandle } from '../storage/database.ts';

const KEPT_MS = 48 * 3600 * 1000;

/** Deletes at most `limit` old heartbeats and returns how many there were. Ids rise with time, so the oldest are found without an index. */
export async function forgetHeartbeats(w: WriteHandle, limit: number, now: number): Promise<number> {
  const { changes } = await w.run(
    `DELETE FROM worker_heartbeats WHERE id IN
       (SELECT id FROM (SELECT id, at FROM worker_heartbeats ORDER BY id LIMIT ?) WHERE at < ?)`,
    [limit, now - KEPT_MS],
  );
  return changes;
}
