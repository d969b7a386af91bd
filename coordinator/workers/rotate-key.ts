/** Gives a worker a new key. */
import { newSecret, type Secret } from '../identity/secrets.ts';
import type { WriteHandle } from '../storage/database.ts';

/** null where there is no such worker. `onRotated` runs after the commit, with the hash of the old key. */
export async function rotateKey(
  w: WriteHandle,
  workerId: string,
  onRotated: (oldHash: string) => void,
  now: number,
): Promise<Secret | null> {
  const before = await w.get<{ key_hash: string }>('SELECT key_hash FROM workers WHERE id = ? AND revoked_at IS NULL', [
    workerId,
  ]);
  if (!before) return null;
  const key = newSecret('worker');
  await w.run('UPDATE workers SET key_hash = ?, key_created_at = ? WHERE id = ?', [key.hash, now, workerId]);
  w.afterCommit(() => onRotated(before.key_hash));
  return key;
}
