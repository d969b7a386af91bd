/** Reads join codes; what they could be told from stays in the database. */
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { JoinCode } from '../../shared/protocol/rest/join-codes.ts';
import { teamParams, type Teams } from '../http/scope.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';

/** How often a code may be tried, the right try among them. */
export const MOST_TRIES = 5;
/** What is over is kept for a day, for whoever still looks at it. */
const KEEP_MS = 86_400_000;

interface Row {
  id: string;
  name: string;
  team_id: string | null;
  created_at: number;
  created_by: string;
  expires_at: number;
  tries: number;
  used_at: number | null;
  revoked_at: number | null;
  worker: string | null;
}

/** null where there is none in these teams (null: all). */
export async function getJoinCode(r: ReadHandle, id: string, teams: Teams, now: number): Promise<JoinCode | null> {
  const row = await r.get<Row>(
    `SELECT c.id, c.name, c.team_id, c.created_at, c.created_by, c.expires_at, c.tries, c.used_at, c.revoked_at, t.used_by AS worker
     FROM join_codes c LEFT JOIN tokens t ON t.id = c.token_id
     WHERE c.id = ? AND (? IS NULL OR c.team_id IN (SELECT value FROM json_each(?)))`,
    [id, ...teamParams(teams)],
  );
  return row ? toJoinCode(row, now) : null;
}

function toJoinCode(row: Row, now: number): JoinCode {
  return {
    id: row.id,
    name: row.name,
    team_id: row.team_id,
    state: stateOf(row, now),
    created_at: isoTime(row.created_at),
    created_by: row.created_by,
    expires_at: isoTime(row.expires_at),
    used_at: isoTimeOrNull(row.used_at),
    worker: row.worker,
  };
}

function stateOf(row: Row, now: number): JoinCode['state'] {
  if (row.used_at !== null) return 'used';
  if (row.revoked_at !== null) return 'revoked';
  if (row.tries >= MOST_TRIES) return 'locked';
  return row.expires_at <= now ? 'expired' : 'active';
}

/** Ends one that is not used yet; another stays as it is. */
export async function revokeJoinCode(w: WriteHandle, id: string, now: number): Promise<void> {
  await w.run(
    'UPDATE join_codes SET revoked_at = ?, sealed_key = NULL WHERE id = ? AND used_at IS NULL AND revoked_at IS NULL',
    [now, id],
  );
}

/** Deletes at most `limit` that were over a day ago, and returns how many there were. */
export async function forgetJoinCodes(w: WriteHandle, limit: number, now: number): Promise<number> {
  const { changes } = await w.run(
    'DELETE FROM join_codes WHERE id IN (SELECT id FROM join_codes WHERE expires_at <= ? LIMIT ?)',
    [now - KEEP_MS, limit],
  );
  return changes;
}

/** Codes live for minutes: with a new key for sealing they end. */
export async function endJoinCodes(w: WriteHandle, now: number): Promise<void> {
  await w.run('UPDATE join_codes SET revoked_at = ?, sealed_key = NULL WHERE used_at IS NULL AND revoked_at IS NULL', [
    now,
  ]);
}
