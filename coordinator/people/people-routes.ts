/** HTTP edge of people: /api/v1/people. */
import { z } from 'zod';
import { idParam, isoTime, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import { person, personPatch, RESET_LIFE_S, resetLink } from '../../shared/protocol/rest/people.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { afterText, pageBy } from '../http/paging.ts';
import { requireUser } from '../http/principal.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { revokeTokensOf } from '../identity/revoke-token.ts';
import type { WriteHandle } from '../storage/database.ts';
import { refuseLastAdmin } from './accounts.ts';
import { accountById, getPerson, listPeople, type Account } from './queries.ts';
import { teamsWith } from './rules.ts';
import { endSessions } from './sessions.ts';
import type { SignInRoutesDeps } from './sign-in-routes.ts';
import { createTicket, endInvitationsBy, linkTo } from './tickets.ts';
import { removeTotp } from './totp.ts';

const tags: [string] = ['People'];
const done = z.object({ message: z.string() });

export function peopleRoutes({
  db,
  clock,
  authenticator,
  mail,
}: Pick<SignInRoutesDeps, 'db' | 'clock' | 'authenticator' | 'mail'>) {
  const forget = () => authenticator.forget();
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/people',
        access: 'maintainer',
        tags,
        summary: 'List people by e-mail: all, or those of the teams that you maintain',
        request: { query: pageQuery },
        responses: { 200: json(page(person), 'A page of people') },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const teams = teamsWith(requireUser(c), 'maintainer');
        const rows = await db.read((r) => listPeople(r, teams, { limit: limit + 1, after: afterText(cursor) }));
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.email,
            (row) => row,
          ),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/people/{id}',
        access: 'admin of all',
        tags,
        summary: 'Read a person',
        request: { params: idParam },
        responses: { 200: json(person, 'The person') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const found = await db.read((r) => getPerson(r, id));
        if (!found) throw unknownPerson(id);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'patch',
        path: '/people/{id}',
        access: 'admin of all',
        tags,
        summary: 'Rename a person, or make them an admin of the whole installation or not',
        request: { params: idParam, body: jsonBody(personPatch) },
        responses: { 200: json(person, 'The person') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { name, admin } = c.req.valid('json');
        const changed = await db.write(async (w) => {
          const before = await requirePersonRow(w, id);
          if (admin === false && before.admin === 1) await refuseLastAdmin(w, id);
          await w.run('UPDATE people SET name = coalesce(?, name), admin = coalesce(?, admin) WHERE id = ?', [
            name ?? null,
            admin === undefined ? null : Number(admin),
            id,
          ]);
          w.afterCommit(forget);
          const data = {
            person: id,
            ...(name === undefined ? {} : { name }),
            ...(admin === undefined ? {} : { admin }),
          };
          await recordAudit(w, { ...actorOf(c), action: 'person.changed', target: before.email, data }, clock.now());
          return (await getPerson(w, id))!;
        });
        return c.json(changed, 200);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/people/{id}',
        access: 'admin of all',
        tags,
        summary: 'Remove a person: signed out everywhere at once, their account is gone',
        description: 'Tokens and invitations that they have made end, too.',
        request: { params: idParam },
        responses: { 200: json(done, 'Removed') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        await db.write(async (w) => {
          const before = await requirePersonRow(w, id);
          if (before.admin === 1) await refuseLastAdmin(w, id);
          const ended = await revokeTokensOf(w, { personId: id, teamId: null }, clock.now());
          await endInvitationsBy(w, { personId: id, teamId: null });
          await w.run('DELETE FROM people WHERE id = ?', [id]);
          w.afterCommit(forget);
          const data = { person: id, tokens_ended: ended };
          await recordAudit(w, { ...actorOf(c), action: 'person.removed', target: before.email, data }, clock.now());
        });
        return c.json({ message: 'The account is gone, and signed out everywhere.' }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/people/{id}/reset-link',
        access: 'admin of all',
        tags,
        summary: 'Make a link with which a person sets a new password; it is answered only here',
        description: 'It works once, for a day; earlier ones end. Their password and sessions stay until they use it.',
        request: { params: idParam },
        responses: { 201: json(resetLink, 'The link') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const made = await db.write(async (w) => {
          const now = clock.now();
          const { email } = await requirePersonRow(w, id);
          await w.run("DELETE FROM tickets WHERE kind = 'reset' AND person_id = ?", [id]);
          const wanted = { kind: 'reset', personId: id, createdBy: requireUser(c).name } as const;
          const made = await createTicket(w, { ...wanted, lifeMs: RESET_LIFE_S * 1000 }, now);
          const data = { person: id, expires: isoTime(made.expiresAt) };
          await recordAudit(w, { ...actorOf(c), action: 'password.reset_link', target: email, data }, now);
          return made;
        });
        c.header('cache-control', 'no-store');
        const link = linkTo(c.req.url, 'reset-password', made.secret);
        return c.json({ link, expires_at: isoTime(made.expiresAt) }, 201);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/people/{id}/second-factor',
        access: 'admin of all',
        tags,
        summary: 'Take the second factor off an account whose owner has lost it',
        description: 'Also signs them out everywhere.',
        request: { params: idParam },
        responses: { 200: json(done, 'They sign in with their password alone') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        await db.write(async (w) => {
          const account = await requirePersonRow(w, id);
          if (account.totp_secret === null)
            throw new Refusal(409, 'no_second_factor', 'This account has no second factor.');
          await removeTotp(w, id);
          await endSessions(w, id, { except: null });
          w.afterCommit(forget);
          const now = clock.now();
          const data = { person: id, by: 'admin' };
          await recordAudit(w, { ...actorOf(c), action: 'second_factor.removed', target: account.email, data }, now);
          const change = { change: 'removed', at: now } as const;
          await mail.post(w, { kind: 'second_factor_changed', to: account, data: change }, now);
        });
        return c.json({ message: 'The second factor is off until they set up a new one.' }, 200);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/people/{id}/sessions',
        access: 'admin of all',
        tags,
        summary: 'Sign a person out everywhere',
        request: { params: idParam },
        responses: { 200: json(done.extend({ ended: z.int() }), 'Signed out') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const ended = await db.write(async (w) => {
          const { email } = await requirePersonRow(w, id);
          const ended = await endSessions(w, id, { except: null });
          w.afterCommit(forget);
          const data = { person: id, ended };
          await recordAudit(w, { ...actorOf(c), action: 'session.revoked', target: email, data }, clock.now());
          return ended;
        });
        return c.json({ message: 'They are signed out everywhere.', ended }, 200);
      },
    );
}

const unknownPerson = (id: string) => notFound(`person ${id}`);

async function requirePersonRow(w: WriteHandle, id: string): Promise<Account> {
  const found = await accountById(w, id);
  if (!found) throw unknownPerson(id);
  return found;
}
