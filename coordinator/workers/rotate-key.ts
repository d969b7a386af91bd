/** Gives a worker a new key. */
import { newSecret, type Secret } from '../identity/secrets.ts';
import type { WriteHandle } from '../storage/database.ts';

/**
 * null where there is no such worker. `shownHash`: of the key that the worker itself asks with, which goes on working until the new one is
 * used: whatever keeps the worker from getting or storing that, it is not locked out. null: asked by a person, the old key ends now.
 */
export async function rotateKey(
  w: WriteHandle,
  workerId: string,
  { shownHash, onRotated }: { shownHash: string | null; onRotated: () => void },
  now: number,
): Promise<Secret | null> {
  const key = newSecret('worker');
  const { changes } = await w.run(
    `UPDATE workers SET key_hash = ?, key_created_at = ?, old_key_hash = ?,
       old_key_created_at = CASE WHEN ? IS NULL THEN NULL WHEN old_key_hash = ? THEN old_key_created_at ELSE key_created_at END
     WHERE id = ? AND revoked_at IS NULL`,
    [key.hash, now, shownHash, shownHash, shownHash, workerId],
  );
  if (changes === 0) return null;
  w.afterCommit(onRotated);
  return key;
}
