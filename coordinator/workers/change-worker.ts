/** What people set on a worker. */
import type { WorkerCapabilities, WorkerPatch } from '../../shared/protocol/rest/workers.ts';
import type { WriteHandle } from '../storage/database.ts';
import { saveWantedTags } from './save-tags.ts';
import { setIntent } from './set-intent.ts';
import { storeCapabilities } from './stored-capabilities.ts';

/** false where there is no such worker. */
export async function changeWorker(
  w: WriteHandle,
  workerId: string,
  patch: WorkerPatch,
  now: number,
): Promise<boolean> {
  const before = await w.get<{ hostname: string }>('SELECT hostname FROM workers WHERE id = ? AND revoked_at IS NULL', [
    workerId,
  ]);
  if (!before) return false;
  const { intent, reason, tags, priority, weight, max_parallel_tasks, notes, team_id } = patch;
  if (intent !== undefined) await setIntent(w, workerId, intent, reason ?? null, now);
  const columns = {
    ...(priority === undefined ? {} : { priority }),
    ...(weight === undefined ? {} : { weight }),
    ...(max_parallel_tasks === undefined ? {} : { max_parallel_tasks }),
    ...(notes === undefined ? {} : { notes }),
    ...(team_id === undefined ? {} : { team_id }),
  };
  const fields = Object.keys(columns);
  if (fields.length > 0) await w.query.updateTable('workers').set(columns).where('id', '=', workerId).execute();
  if (tags !== undefined) {
    await saveWantedTags(w, workerId, tags);
    fields.push('tags');
  }
  if (fields.length > 0) await changed(w, workerId, before.hostname, fields);
  return true;
}

/** Its host name; null where there is no such worker. Nothing happens where it is approved already. */
export async function approveWorker(w: WriteHandle, workerId: string): Promise<string | null> {
  const before = await w.get<{ hostname: string; approved: number }>(
    'SELECT hostname, approved FROM workers WHERE id = ? AND revoked_at IS NULL',
    [workerId],
  );
  if (!before) return null;
  if (before.approved === 0) {
    await w.run('UPDATE workers SET approved = 1 WHERE id = ?', [workerId]);
    await changed(w, workerId, before.hostname, ['approved']);
  }
  return before.hostname;
}

/** What a worker that only polls says anew of itself. */
export async function changeCapabilities(
  w: WriteHandle,
  workerId: string,
  capabilities: WorkerCapabilities,
): Promise<void> {
  const stored = storeCapabilities(capabilities);
  const row = await w.get<{ hostname: string }>(
    `UPDATE workers SET capabilities = ?, fingerprint = ? WHERE id = ? AND revoked_at IS NULL AND capabilities <> ? RETURNING hostname`,
    [stored, capabilities.fingerprint, workerId, stored],
  );
  if (row) await changed(w, workerId, row.hostname, ['capabilities']);
}

async function changed(w: WriteHandle, workerId: string, worker: string, fields: readonly string[]): Promise<void> {
  await w.event({ type: 'worker.changed', workerId, data: { worker, fields } });
}
