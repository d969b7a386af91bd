/**
 * Of which teams somebody sees objects, and in which of these they may do what a route does. The guard of each route works it out from the
 * caller and the declared access (route.ts); rooms hand it to the one query by which they find an object.
 */
import { reaches, type Role } from '../../shared/protocol/rest/roles.ts';
import { admitted, forbidden, type Access, type Principal } from './principal.ts';

/** Ids of teams; null: all of them, and what belongs to none. */
export type Teams = readonly string[] | null;

export interface Scope {
  /** What lies elsewhere does not exist for the caller. */
  reads: Teams;
  /** Within it, where their role is enough. */
  acts: Teams;
}

/** Workers are kept to what they hold by their routes, machines that bring home what they did to their own origin. */
export function scopeOf(principal: Principal | null, access: Access): Scope {
  if (principal === null) return { reads: [], acts: [] };
  if (principal.kind !== 'user' || principal.teams === null) return { reads: null, acts: null };
  const needed: Role = access === 'public' ? 'viewer' : (admitted(access).people ?? 'admin');
  const acts = [...principal.teams].filter(([, role]) => reaches(role, needed)).map(([id]) => id);
  return { reads: [...principal.teams.keys()], acts };
}

/** Throws a 403 where an object that is seen belongs to a team (null: to none) in which the caller's role is not enough. */
export function requireActs({ acts }: Scope, teamId: string | null): void {
  if (acts === null || (teamId !== null && acts.includes(teamId))) return;
  throw forbidden(
    teamId === null
      ? 'This is shared by all teams: it needs a role for the whole installation.'
      : 'Your role in the team that this belongs to is not enough for it.',
  );
}

/** For `(? IS NULL OR team_id IN (SELECT value FROM json_each(?)))`. */
export const teamParams = (teams: Teams): [string | null, string | null] => {
  const text = teams && JSON.stringify(teams);
  return [text, text];
};
