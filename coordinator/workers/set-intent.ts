/** What an owner or an admin wants of a worker: take work, pause, drain, or be in maintenance. */
import type { WorkerIntent } from '../../shared/protocol/rest/workers.ts';
import type { WriteHandle } from '../storage/database.ts';

/** Nothing happens where it is that already. */
export async function setIntent(
  w: WriteHandle,
  workerId: string,
  intent: WorkerIntent,
  reason: string | null,
  _now: number,
): Promise<void> {
  const changed = await w.get<{ hostname: string }>(
    `UPDATE workers SET intent = ?, intent_reason = ? WHERE id = ? AND revoked_at IS NULL
       AND (intent <> ? OR intent_reason IS NOT ?) RETURNING hostname`,
    [intent, reason, workerId, intent, reason],
  );
  if (changed) await w.event({ type: 'worker.intent', workerId, data: { worker: changed.hostname, intent, reason } });
}
