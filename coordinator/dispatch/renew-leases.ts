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

export interface LeaseBounds {
  /** No lease ends before this, milliseconds since the epoch. */
  earliest: number;
  /** Nor lasts longer than this. */
  latest: number;
}

/** Where nobody could renew, or the clock that leases are counted by was set: nobody is blamed, and nothing is held for ever. */
export async function boundLeases(w: WriteHandle, { earliest, latest }: LeaseBounds): Promise<void> {
  await w.run(
    `UPDATE tasks SET lease_until = min(max(lease_until, ?), ?) WHERE state IN ('assigned', 'running') AND lease_until NOT BETWEEN ? AND ?`,
    [earliest, latest, earliest, latest],
  );
}
