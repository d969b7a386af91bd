/** Finds a team by what people call it. */
import { teamParams, type Teams } from '../http/scope.ts';
import type { ReadHandle } from '../storage/database.ts';

/** By id or name, among those that the caller sees: one that they are not in is not told from one that does not exist. */
export async function findTeam(
  r: ReadHandle,
  reads: Teams,
  idOrName: string,
): Promise<{ id: string; name: string } | null> {
  const row = await r.get<{ id: string; name: string }>(
    `SELECT id, name FROM teams WHERE (id = ? OR name = ?) AND (? IS NULL OR id IN (SELECT value FROM json_each(?)))
     ORDER BY id = ? DESC`,
    [idOrName, idOrName, ...teamParams(reads), idOrName],
  );
  return row ?? null;
}
