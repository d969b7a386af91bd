/** Finds teams, projects and workers of another origin here, or makes them: people mean the same by the same name. */
import { slotTag } from '../../shared/model/run-label.ts';
import type { WriteHandle } from '../storage/database.ts';

/** By its id, else by its name; made with that id where there is neither. Returns the id that it has here. */
export async function findOrMakeTeam(
  w: WriteHandle,
  { id, name, createdAt }: { id: string; name: string; createdAt: number },
): Promise<string> {
  const known = await w.get<{ id: string }>(
    'SELECT id FROM teams WHERE id = ? OR name = ? ORDER BY id = ? DESC LIMIT 1',
    [id, name, id],
  );
  if (known) return known.id;
  await w.run('INSERT INTO teams (id, name, created_at) VALUES (?, ?, ?)', [id, name, createdAt]);
  return id;
}

/** By its name in the team. `id`: that of a new one. Returns the id that it has here. */
export async function findOrMakeProject(
  w: WriteHandle,
  { id, name, teamId, createdAt }: { id: string; name: string; teamId: string; createdAt: number },
): Promise<string> {
  const row = await w.get<{ id: string }>(
    `INSERT INTO projects (id, key, name, team_id, created_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (team_id, name) DO UPDATE SET name = excluded.name RETURNING id`,
    [id, id, name, teamId, createdAt],
  );
  if (!row) throw new Error('a project was neither found nor made');
  return row.id;
}

/** Of keys of workers that only stand here so that results name them: nothing that anybody could show hashes to that. */
const NO_KEY = 'merged:';

/**
 * A worker that only another origin knows stands here as one that was sent away, so that it gets no work and its results have a name. One that
 * is known here already stays as it is.
 */
export async function standInWorker(
  w: WriteHandle,
  slot: number,
  {
    id,
    hostname,
    capabilities,
    createdAt,
  }: { id: string; hostname: string | null; capabilities: string; createdAt: number },
): Promise<void> {
  const name = `${hostname ?? id} (${slotTag(slot)})`;
  const other = await w.get('SELECT id FROM workers WHERE hostname = ? AND id <> ?', [name, id]);
  const unique = other ? `${name} ${id}` : name;
  await w.run(
    `INSERT INTO workers (id, hostname, ip_address, online, capabilities, key_hash, key_created_at, revoked_at, last_seen_at, created_at)
     VALUES (?, ?, '', 0, ?, ?, 0, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET hostname = excluded.hostname, capabilities = excluded.capabilities WHERE workers.key_hash = excluded.key_hash AND ?`,
    [id, unique, capabilities, `${NO_KEY}${id}`, createdAt, createdAt, createdAt, hostname === null ? 0 : 1],
  );
}
