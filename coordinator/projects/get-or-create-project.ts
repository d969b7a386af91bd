/** Projects come into being with their first run. */
import { newId } from '../../shared/base/id.ts';
import type { WriteHandle } from '../storage/database.ts';

/** Returns the id of the project with this name. */
export async function getOrCreateProject(w: WriteHandle, name: string, now: number): Promise<string> {
  const row = await w.get<{ id: string }>(
    `INSERT INTO projects (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id`,
    [newId(now), name, now],
  );
  if (!row) throw new Error('a project was neither found nor made');
  return row.id;
}
