/** HTTP edge of invitations: /api/v1/people/invitations. */
import { z } from 'zod';
import { idParam, isoTime, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import { invitation, INVITATION_LIFE_S, invite, invited } from '../../shared/protocol/rest/people.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { afterText, pageBy } from '../http/paging.ts';
import { forbidden, requireUser } from '../http/principal.ts';
import { badField, notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { findTeam } from '../identity/find-team.ts';
import { accountByEmail, getInvitation, listInvitations, toInvitation } from './queries.ts';
import { mayManage, roleIn, teamsWith } from './rules.ts';
import type { SignInDeps } from './sign-in.ts';
import { createTicket, linkTo } from './tickets.ts';

const tags: [string] = ['People'];
const done = z.object({ message: z.string() });
const byId = <T>(row: T & { id: string }) => row.id;

export function invitationRoutes({ db, clock, mail }: Pick<SignInDeps, 'db' | 'clock' | 'mail'>) {
  return createRouter()
    .openapi(
      route({
        method: 'post',
        path: '/people/invitations',
        access: 'maintainer',
        tags,
        summary: 'Invite somebody: by mail where a mail server is set up; the link is answered only here',
        description: 'It works once, for seven days. An earlier invitation of the same e-mail into the same team ends.',
        request: { body: jsonBody(invite) },
        responses: { 201: json(invited, 'The invitation with its link') },
      }),
      async (c) => {
        const { email, role, team: wanted } = c.req.valid('json');
        const me = requireUser(c);
        if (wanted === null && role !== 'admin') throw badField('team', 'must be named, unless the role is admin');
        const { view, secret, mailed } = await db.write(async (w) => {
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
              ...(me.session ? { data: { by: me.id } } : {}),
              lifeMs: INVITATION_LIFE_S * 1000,
            },
            now,
          );
          const data = { invitation: made.id, role, team: team?.name ?? null, expires: isoTime(made.expiresAt) };
          await recordAudit(w, { ...actorOf(c), action: 'person.invited', target: email, data }, now);
          const letter = { by: me.name, team: team?.name ?? null, link: mail.link('invitation', made.secret) };
          const to = { email, name: '', language: null };
          const expiresAt = made.expiresAt;
          const mailed = await mail.post(w, { kind: 'invitation', to, data: letter, expiresAt }, now);
          return { view: toInvitation((await getInvitation(w, made.id, now))!), secret: made.secret, mailed };
        });
        c.header('cache-control', 'no-store');
        return c.json({ ...view, link: linkTo(c.req.url, 'invitation', secret), mailed }, 201);
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
    );
}
