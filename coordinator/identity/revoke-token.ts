/** Ends a token or a session at once. */
import type { Role } from '../../shared/protocol/rest/roles.ts';
import type { Token, TokenKind } from '../../shared/protocol/rest/tokens.ts';
import { forbidden } from '../http/principal.ts';
import type { WriteHandle } from '../storage/database.ts';
import { mayHandle } from './rules.ts';

/**
 * Returns what it was, null where there is no such token; throws a 403 where `own` does not reach its role. One that is revoked already
 * stays as it is. `onRevoked` runs after the commit.
 */
export async function revokeToken(
  w: WriteHandle,
  id: string,
  { own, onRevoked }: { own: Role; onRevoked: () => void },
  now: number,
): Promise<Pick<Token, 'kind' | 'name'> | null> {
  const row = await w.get<{ kind: TokenKind; name: string; role: Role | null }>(
    'SELECT kind, name, role FROM tokens WHERE id = ?',
    [id],
  );
  if (!row) return null;
  if (!mayHandle(own, row))
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
