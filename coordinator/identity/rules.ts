/** Who may hand out and take away what. */
import { reaches, type Role } from '../../shared/protocol/rest/roles.ts';
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
