/** Uses up a token that works once. */
import { Refusal } from '../http/refusal.ts';
import type { WriteHandle } from '../storage/database.ts';
import { hashSecret, secretKind } from './secrets.ts';

const WORDS = { join: 'join token', admin_link: 'admin link' } as const;

/** Marks it as used by `usedBy`, in the command of what it is used for: both happen or neither. Throws a 401 that says why it cannot be used. */
export async function spendToken(
  w: WriteHandle,
  secret: string | null,
  { kind, usedBy }: { kind: 'join' | 'admin_link'; usedBy: string },
  now: number,
): Promise<{ id: string; teamId: string | null }> {
  const what = WORDS[kind];
  if (secret === null || secretKind(secret) !== kind) {
    throw refused(`Show a ${what} (${kind === 'join' ? 'Authorization: Bearer pfj_…' : 'pfa_…'}).`);
  }
  const row = await w.get<{
    id: string;
    expires_at: number;
    used_by: string | null;
    revoked_at: number | null;
    team_id: string | null;
  }>('SELECT id, expires_at, used_by, revoked_at, team_id FROM tokens WHERE hash = ? AND kind = ?', [
    hashSecret(secret),
    kind,
  ]);
  const again = `Make a new one: playfleet token create ${kind === 'join' ? '--join' : '--admin-link'}.`;
  if (!row) throw refused(`This ${what} is not known here. ${again}`);
  if (row.revoked_at !== null) throw refused(`This ${what} was revoked. ${again}`);
  if (row.used_by !== null) throw refused(`This ${what} was already used, for ${row.used_by}. It works once. ${again}`);
  if (row.expires_at <= now) throw refused(`This ${what} has expired. ${again}`);
  await w.run('UPDATE tokens SET used_at = ?, used_by = ? WHERE id = ?', [now, usedBy, row.id]);
  return { id: row.id, teamId: row.team_id };
}

function refused(detail: string): Refusal {
  return new Refusal(401, 'token_refused', detail, { headers: { 'www-authenticate': 'Bearer realm="playfleet"' } });
}
