/** HTTP edge of people and invitations: /api/v1/people. */
import { z } from 'zod';
import { idParam, isoTime, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import {
  invitation,
  INVITATION_LIFE_S,
  invite,
  invited,
  person,
  personPatch,
  RESET_LIFE_S,
  resetLink,
} from '../../shared/protocol/rest/people.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { afterText, pageBy } from '../http/paging.ts';
import { findTeam } from '../identity/find-team.ts';
import { revokeTokensOf } from '../identity/revoke-token.ts';
import { forbidden, requireUser } from '../http/principal.ts';
import { badField, notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { WriteHandle } from '../storage/database.ts';
import { refuseLastAdmin } from './accounts.ts';
import {
  accountByEmail,
  accountById,
  getInvitation,
  getPerson,
  listInvitations,
  listPeople,
  toInvitation,
  type Account,
} from './queries.ts';
import { mayManage, roleIn, teamsWith } from './rules.ts';
import { endSessions } from './sessions.ts';
import type { SignInRoutesDeps } from './sign-in-routes.ts';
import { createTicket } from './tickets.ts';
import { removeTotp } from './totp.ts';

const tags: [string] = ['People'];
const done = z.object({ message: z.string() });
const byId = <T>(row: T & { id: string }) => row.id;

/** Behind `#`, so that the secret reaches no server log. */
const linkTo = (url: string, page: string, secret: string) => `${new URL(url).origin}/${page}#token=${secret}`;

export function peopleRoutes({ db, clock, authenticator }: Pick<SignInRoutesDeps, 'db' | 'clock' | 'authenticator'>) {
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
        method: 'post',
        path: '/people/invitations',
        access: 'maintainer',
        tags,
        summary: 'Invite somebody; the link is answered only here',
        description: 'It works once, for seven days. An earlier invitation of the same e-mail into the same team ends.',
        request: { body: jsonBody(invite) },
        responses: { 201: json(invited, 'The invitation with its link') },
      }),
      async (c) => {
        const { email, role, team: wanted } = c.req.valid('json');
        const me = requireUser(c);
        if (wanted === null && role !== 'admin') throw badField('team', 'must be named, unless the role is admin');
        const { view, secret } = await db.write(async (w) => {
          const now = clock.now();
          const team = wanted === null ? undefined : await findTeam(w, c.var.scope.reads, wanted);
          if (team === null) throw badField('team', `${wanted} does not exist, or you are not in it`);
          const own = team ? roleIn(me, team.id) : null;
          if (team ? !mayManage(own, role) : me.teams !== null || me.role !== 'admin') {
            throw forbidden(
              team
                ? `Your role in ${team.name} is ${own}: you cannot invite ${role}s.`
                : 'Only admins of the whole installation invite others.',
            );
          }
          if (await accountByEmail(w, email)) {
            const mend = team
              ? `An admin can put them into the team: PUT /api/v1/teams/${team.id}/members/{person_id}.`
              : 'Make that account an admin: PATCH /api/v1/people/{id}.';
            throw new Refusal(409, 'email_taken', `${email} has an account already. ${mend}`);
          }
          await w.run("DELETE FROM tickets WHERE kind = 'invitation' AND email = ? AND team_id IS ?", [
            email,
            team?.id ?? null,
          ]);
          const made = await createTicket(
            w,
            {
              kind: 'invitation',
              email,
              teamId: team?.id ?? null,
              role,
              createdBy: me.name,
              lifeMs: INVITATION_LIFE_S * 1000,
            },
            now,
          );
          const data = { invitation: made.id, role, team: team?.name ?? null, expires: isoTime(made.expiresAt) };
          await recordAudit(w, { ...actorOf(c), action: 'person.invited', target: email, data }, now);
          return { view: toInvitation((await getInvitation(w, made.id, now))!), secret: made.secret };
        });
        c.header('cache-control', 'no-store');
        return c.json({ ...view, link: linkTo(c.req.url, 'invitation', secret) }, 201);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/people/invitations',
        access: 'maintainer',
        tags,
        summary: 'Invitations that nobody has followed yet, newest first, without their links',
        request: { query: pageQuery },
        responses: { 200: json(page(invitation), 'A page of invitations') },
      }),
      async (c) => {
        const { limit, cursor } = c.req.valid('query');
        const teams = teamsWith(requireUser(c), 'maintainer');
        const rows = await db.read((r) =>
          listInvitations(r, teams, { limit: limit + 1, before: afterText(cursor) }, clock.now()),
        );
        return c.json(
          pageBy(rows, limit, byId, (row) => row),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/people/invitations/{id}',
        access: 'maintainer',
        tags,
        summary: 'Take an invitation back',
        request: { params: idParam },
        responses: { 200: json(done, 'Its link works no longer') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const me = requireUser(c);
        await db.write(async (w) => {
          const now = clock.now();
          const found = await getInvitation(w, id, now);
          const own =
            found && (found.team_id === null ? (me.teams === null ? me.role : null) : roleIn(me, found.team_id));
          if (!found || own === null || own === undefined) throw notFound(`invitation ${id}`);
          if (!mayManage(own, found.role)) throw forbidden(`Your role there is ${own}: ask somebody who may do more.`);
          await w.run('DELETE FROM tickets WHERE id = ?', [id]);
          const data = { invitation: id };
          await recordAudit(w, { ...actorOf(c), action: 'invitation.revoked', target: found.email, data }, now);
        });
        return c.json({ message: 'The invitation works no longer.' }, 200);
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
        description: 'Tokens that they have made end, too.',
        request: { params: idParam },
        responses: { 200: json(done, 'Removed') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        await db.write(async (w) => {
          const before = await requirePersonRow(w, id);
          if (before.admin === 1) await refuseLastAdmin(w, id);
          const ended = await revokeTokensOf(w, { personId: id, teamId: null }, clock.now());
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
          const { email, totp_secret: secret } = await requirePersonRow(w, id);
          if (secret === null) throw new Refusal(409, 'no_second_factor', 'This account has no second factor.');
          await removeTotp(w, id);
          await endSessions(w, id, { except: null });
          w.afterCommit(forget);
          const data = { person: id, by: 'admin' };
          await recordAudit(w, { ...actorOf(c), action: 'second_factor.removed', target: email, data }, clock.now());
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
