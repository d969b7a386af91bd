/** Projects come into being with their first run. */
import { newId } from '../../shared/base/id.ts';
import type { WriteHandle } from '../storage/database.ts';

/** Returns the id of the team's project with this name. */
export async function getOrCreateProject(
  w: WriteHandle,
  { name, teamId }: { name: string; teamId: string },
  now: number,
): Promise<string> {
  const id = newId(now);
  const row = await w.get<{ id: string }>(
    `INSERT INTO projects (id, key, name, team_id, created_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (team_id, name) DO UPDATE SET name = excluded.name RETURNING id`,
    [id, id, name, teamId, now],
  );
  if (!row) throw new Error('a project was neither found nor made');
  return row.id;
}
