/** HTTP edge of the tokens of one's own account: /api/v1/account/tokens. */
import { z } from 'zod';
import { withPin } from '../../shared/protocol/pin.ts';
import { idParam, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import { items, ownTokenCreate } from '../../shared/protocol/rest/people.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import { token, tokenCreated } from '../../shared/protocol/rest/tokens.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { requirePerson, type User } from '../http/principal.ts';
import { badField, notFound } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { createToken } from '../identity/create-token.ts';
import { findTeam } from '../identity/find-team.ts';
import { getToken, listTokensOf } from '../identity/queries.ts';
import type { ReadHandle } from '../storage/database.ts';
import { roleIn, teamsWith } from './rules.ts';
import type { SignInRoutesDeps } from './sign-in-routes.ts';

const tags: [string] = ['Account'];
const done = z.object({ message: z.string() });

export interface OwnTokenRoutesDeps extends Pick<SignInRoutesDeps, 'db' | 'clock' | 'authenticator'> {
  /** Goes along with each token that is handed out. */
  pin: string | null;
}

export function ownTokenRoutes({ db, clock, authenticator, pin }: OwnTokenRoutesDeps) {
  const forget = () => authenticator.forget();
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/account/tokens',
        access: 'person',
        tags,
        summary: 'Tokens that you have made, newest first, without their secrets',
        responses: { 200: json(items(token), 'Tokens') },
      }),
      async (c) => {
        const { id } = requirePerson(c);
        return c.json({ items: await db.read((r) => listTokensOf(r, id, clock.now())) }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/account/tokens',
        access: 'person',
        tags,
        summary: 'Make a token of your own, for the command line and programs',
        description: 'With your role of now; it ends when you leave the team. Log in with it: playfleet login',
        request: { body: jsonBody(ownTokenCreate) },
        responses: { 201: json(tokenCreated, 'The token; its secret is shown only here') },
      }),
      async (c) => {
        const me = requirePerson(c);
        const { name, team: wanted, expires_in_seconds: lifeSeconds } = c.req.valid('json');
        const { made, view } = await db.write(async (w) => {
          const now = clock.now();
          const { teamId, role } = await teamOfOwn(w, me, wanted);
          const fields = { kind: 'api', name, role, createdBy: me.name, teamId, personId: me.id, lifeSeconds } as const;
          const made = await createToken(w, fields, now);
          const data = { id: made.id, kind: 'api', role, expires: isoTimeOrNull(made.expiresAt), team: teamId };
          await recordAudit(w, { ...actorOf(c), action: 'token.created', target: name, data }, now);
          return { made, view: (await getToken(w, made.id, now))! };
        });
        c.header('cache-control', 'no-store');
        const shown = withPin(made.secret, pin);
        return c.json({ ...view, token: shown, link: `${new URL(c.req.url).origin}#${shown}` }, 201);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/account/tokens/{id}',
        access: 'person',
        tags,
        summary: 'Revoke a token that you have made',
        request: { params: idParam },
        responses: { 200: json(done, 'Revoked') },
      }),
      async (c) => {
        const { id: personId } = requirePerson(c);
        const { id } = c.req.valid('param');
        await db.write(async (w) => {
          const own = await w.get<{ name: string }>('SELECT name FROM tokens WHERE id = ? AND person_id = ?', [
            id,
            personId,
          ]);
          if (!own) throw notFound(`token ${id} of yours`);
          const now = clock.now();
          await w.run('UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?', [now, id]);
          w.afterCommit(forget);
          await recordAudit(w, { ...actorOf(c), action: 'token.revoked', target: own.name, data: { id } }, now);
        });
        return c.json({ message: 'The token works no longer.' }, 200);
      },
    );
}

/** The team that a token of one's own is for (null: all), and what one may do there. */
async function teamOfOwn(
  r: ReadHandle,
  me: User,
  wanted: string | undefined,
): Promise<{ teamId: string | null; role: Role }> {
  const teams = teamsWith(me, 'viewer');
  if (teams === null && wanted === undefined) return { teamId: null, role: me.role };
  const only = teams?.length === 1 ? teams[0] : undefined;
  const asked = wanted ?? only;
  if (asked === undefined)
    throw badField('team', teams?.length === 0 ? 'cannot be chosen: you are in none' : 'must be named');
  const team = await findTeam(r, teams, asked);
  const role = team && roleIn(me, team.id);
  if (!team || !role) throw badField('team', `${asked} does not exist, or you are not in it`);
  return { teamId: team.id, role };
}
