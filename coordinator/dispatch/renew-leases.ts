/** Leases last as long as their worker is heard of. Only the coordinator's clock counts (DESIGN.md section 9). */
import type { WriteHandle } from '../storage/database.ts';

/** Renews the grants of `workerId` among `fences`, or all that it holds where `fences` is null. */
export async function renewLeases(
  w: WriteHandle,
  workerId: string,
  fences: readonly number[] | null,
  leaseMs: number,
  now: number,
): Promise<number> {
  const { changes } = await w.run(
    `UPDATE tasks SET lease_until = ?, heartbeat_at = ? WHERE worker_id = ? AND state IN ('assigned', 'running')
       AND (? IS NULL OR fence IN (SELECT value FROM json_each(?)))`,
    [now + leaseMs, now, workerId, fences === null ? null : 1, JSON.stringify(fences ?? [])],
  );
  return changes;
}

/** After the coordinator itself was away (restart, suspended): nobody could renew, so nobody is blamed. */
export async function extendAllLeases(w: WriteHandle, until: number): Promise<void> {
  await w.run(`UPDATE tasks SET lease_until = ? WHERE state IN ('assigned', 'running') AND lease_until < ?`, [
    until,
    until,
  ]);
}
