/** Reads tokens and whose keys are whose; their hashes stay here. */
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import type { Token, TokenKind } from '../../shared/protocol/rest/tokens.ts';
import { teamParams, type Teams } from '../http/scope.ts';
import type { ReadHandle } from '../storage/database.ts';

interface Row {
  id: string;
  kind: TokenKind;
  name: string;
  role: Role | null;
  team_id: string | null;
  created_at: number;
  created_by: string;
  expires_at: number | null;
  used_at: number | null;
  used_by: string | null;
  last_used_at: number | null;
  revoked_at: number | null;
}

const COLUMNS =
  'id, kind, name, role, team_id, created_at, created_by, expires_at, used_at, used_by, last_used_at, revoked_at';

/** Of these teams (null: all), newest first (ids sort by time), behind the id `before`. */
export async function listTokens(
  r: ReadHandle,
  teams: Teams,
  page: { limit: number; before: string | null },
  now: number,
): Promise<Token[]> {
  const rows = await r.all<Row>(
    `SELECT ${COLUMNS} FROM tokens WHERE (? IS NULL OR id < ?) AND (? IS NULL OR team_id IN (SELECT value FROM json_each(?)))
     ORDER BY id DESC LIMIT ?`,
    [page.before, page.before, ...teamParams(teams), page.limit],
  );
  return rows.map((row) => toToken(row, now));
}

/** Those that a person has made, newest first; at most 500. */
export async function listTokensOf(r: ReadHandle, personId: string, now: number): Promise<Token[]> {
  const rows = await r.all<Row>(`SELECT ${COLUMNS} FROM tokens WHERE person_id = ? ORDER BY id DESC LIMIT 500`, [
    personId,
  ]);
  return rows.map((row) => toToken(row, now));
}

export async function getToken(r: ReadHandle, id: string, now: number): Promise<Token | null> {
  const row = await r.get<Row>(`SELECT ${COLUMNS} FROM tokens WHERE id = ?`, [id]);
  return row ? toToken(row, now) : null;
}

/** Host name of a worker whose key was just shown. */
export async function hostnameOf(r: ReadHandle, workerId: string): Promise<string> {
  const row = await r.get<{ hostname: string }>('SELECT hostname FROM workers WHERE id = ?', [workerId]);
  return row?.hostname ?? workerId;
}

function toToken(row: Row, now: number): Token {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    role: row.role,
    team_id: row.team_id,
    state: tokenState(row, now),
    created_at: isoTime(row.created_at),
    created_by: row.created_by,
    expires_at: isoTimeOrNull(row.expires_at),
    used_at: isoTimeOrNull(row.used_at),
    used_by: row.used_by,
    last_used_at: isoTimeOrNull(row.last_used_at),
    revoked_at: isoTimeOrNull(row.revoked_at),
  };
}

function tokenState(row: Pick<Row, 'revoked_at' | 'used_at' | 'expires_at'>, now: number): Token['state'] {
  if (row.revoked_at !== null) return 'revoked';
  if (row.used_at !== null) return 'used';
  return row.expires_at !== null && row.expires_at <= now ? 'expired' : 'active';
}
