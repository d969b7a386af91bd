/** Ends a token at once. */
import type { WriteHandle } from '../storage/database.ts';

/** false where there is no such token. One that is revoked already stays as it is. `onRevoked` runs after the commit. */
export async function revokeToken(w: WriteHandle, id: string, onRevoked: () => void, now: number): Promise<boolean> {
  const { changes } = await w.run('UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?', [now, id]);
  w.afterCommit(onRevoked);
  return changes > 0;
}
