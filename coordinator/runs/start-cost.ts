/**
 * What one more Playwright process of a project costs: starting it, its webServer, its setup projects, and ending it. Everything that a
 * process took and its tests did not.
 */
import type { ReadHandle, WriteHandle } from '../storage/database.ts';

/** Before anything was measured: a start takes 1.5–2.5 s (FACTS.md), setup projects and webServers come on top. */
export const UNKNOWN_START_MS = 3_000;
/** How much the newest run weighs: machines and suites change slowly, single runs differ. */
const NEWEST_WEIGHT = 0.3;

/** Milliseconds. */
export async function startCost(r: ReadHandle, projectId: string): Promise<number> {
  const row = await r.get<{ start_ms: number }>('SELECT start_ms FROM project_costs WHERE project_id = ?', [projectId]);
  return row?.start_ms ?? UNKNOWN_START_MS;
}

/** Learns from the completed processes of a queue run, the median of them. Does nothing where there are none. */
export async function learnStartCost(w: WriteHandle, runId: string, projectId: string, now: number): Promise<void> {
  const rows = await w.all<{ ms: number }>(
    `SELECT a.wall_ms - coalesce((SELECT sum(x.duration_ms) FROM test_attempts x JOIN tests y ON y.run_id = x.run_id AND y.test_id = x.test_id
       WHERE x.run_id = t.run_id AND x.fence = a.fence AND y.supporting = 0), 0) AS ms
     FROM tasks t JOIN task_attempts a ON a.task_id = t.id
     WHERE t.run_id = ? AND t.kind = 'units' AND a.ended = 'completed' AND a.wall_ms IS NOT NULL ORDER BY ms`,
    [runId],
  );
  const median = rows[Math.floor(rows.length / 2)]?.ms;
  if (median === undefined) return;
  await w.run(
    `INSERT INTO project_costs (project_id, start_ms, updated_at) VALUES (?, ?, ?) ON CONFLICT (project_id) DO UPDATE SET
       start_ms = start_ms + (excluded.start_ms - start_ms) * ?, updated_at = excluded.updated_at`,
    [projectId, Math.max(0, median), now, NEWEST_WEIGHT],
  );
}
