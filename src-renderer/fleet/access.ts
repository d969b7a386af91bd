/** What who is signed in may do where: in all teams, or in that of one thing. The coordinator decides; this keeps away what it would refuse. */
import type { Role } from '../../shared/protocol/rest/roles.ts';
import { type Me, useMe } from './me.ts';

/** From the least to the most. */
export const ROLE_NAMES: readonly Role[] = ['viewer', 'runner', 'maintainer', 'admin'];

export const reaches = (has: Role | null | undefined, needed: Role): boolean =>
  has != null && ROLE_NAMES.indexOf(has) >= ROLE_NAMES.indexOf(needed);

/** The role in a team; `null` as the team: what is shared by all, which needs a role for the whole installation. */
export function roleIn(me: Me | undefined, teamId: string | null): Role | null {
  if (!me) return null;
  if (me.teams === null) return me.role;
  return me.teams.find(({ id }) => id === teamId)?.role ?? null;
}

/** Whether they may do what needs this role in the whole installation. */
export function useMayEverywhere(needed: Role): boolean {
  const { data } = useMe();
  return reaches(roleIn(data, null), needed);
}

/** Asks for one thing of a team: a shared one (`team_id` null) belongs to the whole installation. */
export function useMayIn(): (thing: { team_id: string | null }, needed: Role) => boolean {
  const { data } = useMe();
  return (thing, needed) => reaches(roleIn(data, thing.team_id), needed);
}
