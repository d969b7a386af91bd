/** Versions of settings, people, policies and templates that did not prevail: shown until somebody decides. */
import type { Conflict } from '../../shared/protocol/rest/origins.ts';
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { RegisterKind } from '../../shared/protocol/offline/journal.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { readRegister, writeRegister, type RegisterDeps } from './registers.ts';
import { rememberOwn } from './settle.ts';

interface Row {
  id: string;
  origin_id: string;
  origin_name: string;
  kind: RegisterKind;
  key: string;
  ours: string | null;
  theirs: string | null;
  theirs_at: number;
  theirs_by: string;
  why: string;
  found_at: number;
  state: Conflict['state'];
  resolved_at: number | null;
  resolved_by: string | null;
}

const SELECT =
  'SELECT c.*, o.id AS origin_id, o.name AS origin_name FROM conflicts c JOIN origins o ON o.slot = c.origin';

/** Newest first, behind the one with the id `before`. */
export async function listConflicts(
  r: ReadHandle,
  state: 'open' | 'resolved' | 'all',
  { limit, before }: { limit: number; before: string | null },
): Promise<Conflict[]> {
  const rows = await r.all<Row>(
    `${SELECT} WHERE (? = 'all' OR (c.state = 'open') = (? = 'open')) AND (? IS NULL OR c.id < ?) ORDER BY c.id DESC LIMIT ?`,
    [state, state, before, before, limit],
  );
  return rows.map(toConflict);
}

/** null where there is none with this id. What was decided before can be decided anew. Throws the Refusal of what cannot be so. */
export async function resolveConflict(
  w: WriteHandle,
  deps: RegisterDeps,
  { id, take, by }: { id: string; take: 'theirs' | 'ours'; by: string },
  now: number,
): Promise<Conflict | null> {
  const row = await w.get<Row>(`${SELECT} WHERE c.id = ?`, [id]);
  if (!row) return null;
  const { kind, key } = row;
  if (take === 'theirs') await writeRegister(w, deps, { kind, id: key, value: row.theirs, by }, now);
  const live = (await readRegister(w, kind, key))?.value ?? null;
  await rememberOwn(w, { kind, id: key }, { own: live, counts: live });
  await w.run('UPDATE conflicts SET ours = ?, state = ?, resolved_at = ?, resolved_by = ? WHERE id = ?', [
    take === 'theirs' ? row.ours : live,
    take,
    now,
    by,
    id,
  ]);
  const changed = await w.get<Row>(`${SELECT} WHERE c.id = ?`, [id]);
  return changed ? toConflict(changed) : null;
}

function toConflict(row: Row): Conflict {
  const parse = (text: string | null) => (text === null ? null : (JSON.parse(text) as Conflict['ours']));
  return {
    id: row.id,
    origin: { id: row.origin_id, name: row.origin_name },
    kind: row.kind,
    key: row.key,
    ours: parse(row.ours),
    theirs: parse(row.theirs),
    theirs_at: isoTime(row.theirs_at),
    theirs_by: row.theirs_by,
    why: row.why,
    found_at: isoTime(row.found_at),
    state: row.state,
    resolved_at: isoTimeOrNull(row.resolved_at),
    resolved_by: row.resolved_by,
  };
}
