/** Who may hand out and take away what. */
import { reaches, type Role } from '../../shared/protocol/rest/roles.ts';
import type { User } from '../http/principal.ts';
import type { TokenKind } from '../../shared/protocol/rest/tokens.ts';

/** The role that a token amounts to: nobody may make or revoke more than they have themselves. */
export function weightOf({ kind, role }: { kind: TokenKind; role: Role | null }): Role {
  if (kind === 'admin_link') return 'admin';
  return kind === 'join' ? 'maintainer' : (role ?? 'admin');
}

/** Whether who has the role `own` may make or revoke this token. */
export function mayHandle(own: Role, token: { kind: TokenKind; role: Role | null }): boolean {
  return reaches(own, weightOf(token));
}

/** What somebody may do in a team, or (null) in what is for all teams; null: nothing. */
export function roleFor(who: Pick<User, 'role' | 'teams'>, teamId: string | null): Role | null {
  if (who.teams === null) return who.role;
  return teamId === null ? null : (who.teams.get(teamId) ?? null);
}
