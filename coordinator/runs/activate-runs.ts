/** Lets pending runs begin: as many at once as the installation allows, by priority, none before its time or before what it waits for. */
import type { WriteHandle } from '../storage/database.ts';
import { findDiscovery } from './discovery-cache.ts';
import { moveRun } from './move-run.ts';
import { planRun } from './plan-run.ts';

/**
 * `slots`: how many Playwright processes could work now, for cutting tasks of runs whose suite is known already.
 * Returns the ids of the runs that began.
 */
export async function activateRuns(
  w: WriteHandle,
  limits: { maxActive: number; slots: number },
  now: number,
): Promise<string[]> {
  const active = await w.get<{ n: number }>(`SELECT count(*) AS n FROM runs WHERE state IN ('scheduling', 'running')`);
  const free = limits.maxActive - (active?.n ?? 0);
  if (free <= 0) return [];
  const rows = await w.all<{ id: string; kind: 'queue' | 'shards' }>(
    `SELECT id, kind FROM runs WHERE state = 'pending' AND (scheduled_for IS NULL OR scheduled_for <= ?)
       AND NOT EXISTS (SELECT 1 FROM run_dependencies d WHERE d.run_id = runs.id AND d.met_at IS NULL)
     ORDER BY priority + boost DESC, number LIMIT ?`,
    [now, free],
  );
  for (const { id, kind } of rows) {
    await moveRun(w, id, { type: 'activate', kind }, { reason: null }, now);
    if (kind !== 'queue') continue;
    const known = await findDiscovery(w, id, now);
    if (!known) continue;
    await w.run(`DELETE FROM tasks WHERE run_id = ? AND kind = 'discover' AND state = 'pending'`, [id]);
    await w.run('UPDATE runs SET tasks_total = 0 WHERE id = ?', [id]);
    await planRun(w, id, known, limits.slots, now);
  }
  return rows.map((row) => row.id);
}

/** When the next pending run may begin, as milliseconds since the epoch; null where none waits for a time. */
export async function nextScheduledRun(w: WriteHandle, now: number): Promise<number | null> {
  const row = await w.get<{ at: number | null }>(
    `SELECT min(scheduled_for) AS at FROM runs WHERE state = 'pending' AND scheduled_for > ?`,
    [now],
  );
  return row?.at ?? null;
}
