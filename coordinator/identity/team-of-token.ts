/** For which team a new token or code lets somebody in. */
import type { TokenKind } from '../../shared/protocol/rest/tokens.ts';
import { badField } from '../http/refusal.ts';
import type { Scope } from '../http/scope.ts';
import type { ReadHandle } from '../storage/database.ts';
import { findTeam } from './find-team.ts';

/** The id of the team that a new token is bound to; null: all. A team that the caller is not in is not told from one that does not exist. */
export async function teamOfToken(
  r: ReadHandle,
  { reads, acts }: Scope,
  kind: TokenKind,
  wanted: string | null | undefined,
): Promise<string | null> {
  if (kind === 'admin_link') {
    if (wanted != null) throw badField('team', 'is not for admin links: they are for the whole installation');
    return null;
  }
  if (wanted === undefined) {
    if (acts === null) return null;
    if (acts.length !== 1) throw badField('team', 'must be named: you maintain several');
    return acts[0] ?? null;
  }
  if (wanted === null) return null;
  const row = await findTeam(r, reads, wanted);
  if (!row) throw badField('team', `${wanted} does not exist, or you are not in it`);
  return row.id;
}
