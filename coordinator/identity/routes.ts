/** HTTP edge of identity: /api/v1/auth and /api/v1/tokens. */
import { deleteCookie } from 'hono/cookie';
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { withPin } from '../../shared/protocol/pin.ts';
import { idParam, isoTime, isoTimeOrNull, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import {
  exchangeAnswer,
  exchangeRequest,
  token,
  TOKEN_LIFE,
  tokenCreate,
  tokenCreated,
  whoAmI,
} from '../../shared/protocol/rest/tokens.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { afterText, pageBy } from '../http/paging.ts';
import { forbidden, requireAny, requireUser } from '../http/principal.ts';
import { badField, notFound } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { sessionCookie } from './authentication.ts';
import type { Authenticator } from './authenticator.ts';
import { createToken } from './create-token.ts';
import { exchangeAdminLink, TOKEN_SECONDS } from './exchange-admin-link.ts';
import { adminLink, joinLink } from './first-start.ts';
import { getToken, hostnameOf, listTokens } from './queries.ts';
import { endSession, revokeToken } from './revoke-token.ts';
import { mayHandle, roleFor } from './rules.ts';
import { teamOfToken } from './team-of-token.ts';

export interface IdentityRoutesDeps {
  db: Database;
  clock: Clock;
  authenticator: Authenticator;
  /** Browsers reach it by https. */
  secure: boolean;
  /** Goes along with each token that is handed out; null: clients know whom to trust. */
  pin: string | null;
}

const auth: [string] = ['Access'];
const nothing = z.object({ message: z.string() });

export function identityRoutes({ db, clock, authenticator, secure, pin }: IdentityRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'post',
        path: '/auth/exchange',
        access: 'public',
        tags: auth,
        summary: 'Exchange a one-time admin link for an api token',
        request: { body: jsonBody(exchangeRequest) },
        description: 'For programs. In a browser the link leads to an account: POST /api/v1/auth/first-account.',
        responses: { 200: json(exchangeAnswer, 'The token') },
      }),
      async (c) => {
        const { token: secret, name } = c.req.valid('json');
        const now = clock.now();
        const made = await db.write(async (w) => {
          const made = await exchangeAdminLink(w, { secret, name }, now);
          const who = { ...actorOf(c), actor: `user:${made.id}`, actorName: name };
          await recordAudit(
            w,
            { ...who, action: 'session.opened', data: { by: 'admin link', link: made.linkId } },
            now,
          );
          return made;
        });
        const expiresAt = isoTime(made.expiresAt ?? now + TOKEN_SECONDS * 1000);
        return c.json({ token_id: made.id, name, token: made.secret, expires_at: expiresAt }, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/auth/me',
        access: 'worker or sync or viewer',
        tags: auth,
        summary: 'Who the shown credential belongs to',
        responses: { 200: json(whoAmI, 'You') },
      }),
      async (c) => {
        const me = requireAny(c);
        if (me.kind === 'worker') {
          const name = await db.read((r) => hostnameOf(r, me.workerId));
          return c.json({ kind: me.kind, id: me.workerId, name, role: null, email: null, teams: null }, 200);
        }
        if (me.kind === 'sync')
          return c.json({ kind: me.kind, id: me.id, name: me.name, role: null, email: null, teams: null }, 200);
        const { kind, id, name, role, session } = me;
        const teams = me.teams && [...me.teams].map(([id, role]) => ({ id, role }));
        return c.json({ kind, id, name, role, email: session?.email ?? null, teams }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/auth/logout',
        access: 'viewer',
        tags: auth,
        summary: 'Sign this browser out, or revoke the shown token',
        responses: { 200: json(nothing, 'Done') },
      }),
      async (c) => {
        const me = requireUser(c);
        const { id, session } = me;
        await db.write(async (w) => {
          const now = clock.now();
          const onRevoked = () => authenticator.forget();
          if (session === null) await revokeToken(w, id, { me, onRevoked }, now);
          else await endSession(w, session.id, onRevoked);
          await recordAudit(w, { ...actorOf(c), action: 'session.closed' }, now);
        });
        deleteCookie(c, sessionCookie(secure), { path: '/', secure });
        return c.json({ message: session ? 'Signed out.' : 'Logged out; the token works no longer.' }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/tokens',
        access: 'maintainer',
        tags: ['Tokens'],
        summary: 'Make a token; its secret is answered only here',
        request: { body: jsonBody(tokenCreate) },
        responses: { 201: json(tokenCreated, 'The token with its secret') },
      }),
      async (c) => {
        const { kind, name, role: asked, team: wanted, expires_in_seconds: lifeSeconds } = c.req.valid('json');
        const me = requireUser(c);
        if (kind !== 'api' && asked !== undefined) throw badField('role', 'is for tokens of the kind api; remove it');
        const role = kind === 'api' ? (asked ?? 'runner') : null;
        const { max } = TOKEN_LIFE[kind];
        if (lifeSeconds !== undefined && lifeSeconds > max) {
          throw badField('expires_in_seconds', `may be at most ${max} for ${kind}`);
        }
        const now = clock.now();
        const { made, view } = await db.write(async (w) => {
          const teamId = await teamOfToken(w, c.var.scope, kind, wanted);
          const own = roleFor(me, teamId);
          if (own === null || !mayHandle(own, { kind, role })) {
            throw forbidden(`Your role is ${own ?? me.role}: you cannot make a token that may do more than you.`);
          }
          const personId = me.session && me.id;
          const made = await createToken(
            w,
            { kind, name, role, createdBy: me.name, teamId, personId, lifeSeconds },
            now,
          );
          const expires = isoTimeOrNull(made.expiresAt);
          const data = { id: made.id, kind, role, expires, team: teamId };
          await recordAudit(w, { ...actorOf(c), action: 'token.created', target: name, data }, now);
          return { made, view: await getToken(w, made.id, now) };
        });
        if (!view) throw notFound(`token ${made.id}`);
        const base = new URL(c.req.url).origin;
        const shown = withPin(made.secret, pin);
        const link = { join: joinLink, admin_link: adminLink, api: () => null }[kind](base, shown);
        return c.json({ ...view, token: shown, link }, 201);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/tokens',
        access: 'maintainer',
        tags: ['Tokens'],
        summary: 'List tokens, newest first, without their secrets',
        request: { query: pageQuery },
        responses: { 200: json(page(token), 'A page of tokens') },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const before = afterText(cursor);
        const rows = await db.read((r) => listTokens(r, c.var.scope.acts, { limit: limit + 1, before }, clock.now()));
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.id,
            (row) => row,
          ),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/tokens/{id}',
        access: 'maintainer',
        tags: ['Tokens'],
        summary: 'Revoke a token',
        request: { params: idParam },
        responses: { 200: json(nothing, 'Revoked') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const me = requireUser(c);
        const onRevoked = () => authenticator.forget();
        const found = await db.write(async (w) => {
          const now = clock.now();
          const found = await revokeToken(w, id, { me, onRevoked }, now);
          if (!found) return false;
          const { kind, name } = found;
          await recordAudit(w, { ...actorOf(c), action: 'token.revoked', target: name, data: { id, kind } }, now);
          return true;
        });
        if (!found) throw notFound(`token ${id}`);
        return c.json({ message: 'The token works no longer.' }, 200);
      },
    );
}
