/** Reads projects, in the shape of the REST API. */
import { isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { Project } from '../../shared/protocol/rest/projects.ts';
import type { ReadHandle } from '../storage/database.ts';

/** By name, behind the name `after`. */
export async function listProjects(r: ReadHandle, page: { limit: number; after: string | null }): Promise<Project[]> {
  const rows = await r.all<{ id: string; name: string; runs: number; last_run_at: number | null }>(
    `SELECT p.id, p.name, coalesce(s.runs, 0) AS runs, s.last_run_at FROM projects p
     LEFT JOIN (SELECT project_id, count(*) AS runs, max(created_at) AS last_run_at FROM runs GROUP BY project_id) s ON s.project_id = p.id
     WHERE p.name > ? ORDER BY p.name LIMIT ?`,
    // No name is empty, so all of them lie behind ''.
    [page.after ?? '', page.limit],
  );
  return rows.map((row) => ({ ...row, last_run_at: isoTimeOrNull(row.last_run_at) }));
}
