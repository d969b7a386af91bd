/** Ends a token or a session at once. */
import type { Role } from '../../shared/protocol/rest/roles.ts';
import type { Token, TokenKind } from '../../shared/protocol/rest/tokens.ts';
import { forbidden, type User } from '../http/principal.ts';
import type { WriteHandle } from '../storage/database.ts';
import { mayHandle, roleFor } from './rules.ts';

/**
 * Returns what it was, null where the caller sees no such token; throws a 403 where it may do more than they. One that is revoked already
 * stays as it is. `onRevoked` runs after the commit.
 */
export async function revokeToken(
  w: WriteHandle,
  id: string,
  { me, onRevoked }: { me: User; onRevoked: () => void },
  now: number,
): Promise<Pick<Token, 'kind' | 'name'> | null> {
  const row = await w.get<{ kind: TokenKind; name: string; role: Role | null; team_id: string | null }>(
    'SELECT kind, name, role, team_id FROM tokens WHERE id = ?',
    [id],
  );
  const own = row && roleFor(me, row.team_id);
  if (!row || own === null || own === undefined) return null;
  // Everybody may end the token that they show.
  if (id !== me.id && !mayHandle(own, row))
    throw forbidden('This token may do more than you: ask somebody with its role to revoke it.');
  await w.run('UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?', [now, id]);
  w.afterCommit(onRevoked);
  return row;
}

/** `onEnded` runs after the commit. */
export async function endSession(w: WriteHandle, id: string, onEnded: () => void): Promise<void> {
  await w.run('DELETE FROM sessions WHERE id = ?', [id]);
  w.afterCommit(onEnded);
}

/** Ends the tokens and join codes that a person has made, for one team or (null) all. Returns how many tokens there were. */
export async function revokeTokensOf(
  w: WriteHandle,
  { personId, teamId }: { personId: string; teamId: string | null },
  now: number,
): Promise<number> {
  const { changes } = await w.run(
    'UPDATE tokens SET revoked_at = ? WHERE person_id = ? AND (? IS NULL OR team_id = ?) AND revoked_at IS NULL AND used_at IS NULL',
    [now, personId, teamId, teamId],
  );
  await w.run(
    `UPDATE join_codes SET revoked_at = ?, sealed_key = NULL
     WHERE person_id = ? AND (? IS NULL OR team_id = ?) AND revoked_at IS NULL AND used_at IS NULL`,
    [now, personId, teamId, teamId],
  );
  return changes;
}
