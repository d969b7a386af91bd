/** What lets a machine bring home what it did as a promoted coordinator, issued while it is here: it opens nothing else. */
import { newId } from '../../shared/base/id.ts';
import type { WriteHandle } from '../storage/database.ts';
import { newSecret } from './secrets.ts';

export interface NewSyncCredential {
  /** Of the machine, for people. */
  name: string;
  /** The worker that runs on it, where there is one. */
  workerId: string | null;
  createdBy: string;
}

/** Returns the text to hand out (pfy_…), which cannot be had again. */
export async function issueSyncCredential(
  w: WriteHandle,
  { name, workerId, createdBy }: NewSyncCredential,
  now: number,
): Promise<{ id: string; secret: string }> {
  const id = newId(now);
  const secret = newSecret('sync');
  await w.run(
    'INSERT INTO sync_credentials (id, name, hash, worker_id, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?)',
    [id, name, secret.hash, workerId, now, createdBy],
  );
  return { id, secret: secret.text };
}

/** false where there is none that works. `onRevoked` runs after the commit. */
export async function revokeSyncCredential(
  w: WriteHandle,
  id: string,
  onRevoked: () => void,
  now: number,
): Promise<boolean> {
  const { changes } = await w.run('UPDATE sync_credentials SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', [
    now,
    id,
  ]);
  w.afterCommit(onRevoked);
  return changes > 0;
}
