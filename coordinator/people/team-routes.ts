/** HTTP edge of teams and their members: /api/v1/teams. A team that one is not in is answered like one that does not exist. */
import { z } from 'zod';
import { newId } from '../../shared/base/id.ts';
import { id as anyId, idParam, isoTime } from '../../shared/protocol/rest/common.ts';
import {
  items,
  member,
  memberWrite,
  team,
  teamWrite,
  type Member,
  type Team,
} from '../../shared/protocol/rest/people.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { forbidden, requireUser, type User } from '../http/principal.ts';
import { revokeTokensOf } from '../identity/revoke-token.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { putMember } from './accounts.ts';
import { accountById } from './queries.ts';
import { mayManage, roleIn } from './rules.ts';
import type { SignInRoutesDeps } from './sign-in-routes.ts';
import { endInvitationsBy } from './tickets.ts';

const tags: [string] = ['Teams'];
const done = z.object({ message: z.string() });
const memberParam = idParam.extend({ person_id: anyId });

export function teamRoutes({ db, clock, authenticator }: Pick<SignInRoutesDeps, 'db' | 'clock' | 'authenticator'>) {
  const forget = () => authenticator.forget();
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/teams',
        access: 'viewer',
        tags,
        summary: 'List your teams by name',
        responses: { 200: json(items(team), 'Teams') },
      }),
      async (c) => {
        const me = requireUser(c);
        return c.json({ items: await db.read((r) => listTeams(r, me)) }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/teams',
        access: 'admin of all',
        tags,
        summary: 'Make a team',
        request: { body: jsonBody(teamWrite) },
        responses: { 201: json(team, 'The team') },
      }),
      async (c) => {
        const { name } = c.req.valid('json');
        const me = requireUser(c);
        const made = await db.write(async (w) => {
          const now = clock.now();
          const id = newId(now);
          await refuseTakenName(w, name, id);
          await w.run('INSERT INTO teams (id, name, created_at) VALUES (?, ?, ?)', [id, name, now]);
          await recordAudit(w, { ...actorOf(c), action: 'team.created', target: name, data: { team: id } }, now);
          return (await listTeams(w, me)).find((one) => one.id === id)!;
        });
        return c.json(made, 201);
      },
    )
    .openapi(
      route({
        method: 'patch',
        path: '/teams/{id}',
        access: 'admin of all',
        tags,
        summary: 'Rename a team',
        request: { params: idParam, body: jsonBody(teamWrite) },
        responses: { 200: json(team, 'The team') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { name } = c.req.valid('json');
        const me = requireUser(c);
        const changed = await db.write(async (w) => {
          await requireTeam(w, me, id);
          await refuseTakenName(w, name, id);
          await w.run('UPDATE teams SET name = ? WHERE id = ?', [name, id]);
          await recordAudit(
            w,
            { ...actorOf(c), action: 'team.changed', target: name, data: { team: id } },
            clock.now(),
          );
          return (await listTeams(w, me)).find((one) => one.id === id)!;
        });
        return c.json(changed, 200);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/teams/{id}',
        access: 'admin of all',
        tags,
        summary: 'Remove a team that owns nothing any more',
        description: 'Tokens that are bound to it end.',
        request: { params: idParam },
        responses: { 200: json(done, 'Removed') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        await db.write(async (w) => {
          const found = await requireTeam(w, requireUser(c), id);
          const workers = await w.get<{ n: number }>(
            'SELECT count(*) AS n FROM workers WHERE team_id = ? AND revoked_at IS NULL',
            [id],
          );
          if (id === 'default' || found.projects > 0 || (workers?.n ?? 0) > 0) {
            const owned = `${found.projects} projects and ${workers?.n ?? 0} workers`;
            const why = id === 'default' ? 'New projects go there' : `It owns ${owned}`;
            throw new Refusal(409, 'team_in_use', `${why}: this team stays.`);
          }
          await w.run('DELETE FROM teams WHERE id = ?', [id]);
          w.afterCommit(forget);
          await recordAudit(
            w,
            { ...actorOf(c), action: 'team.removed', target: found.name, data: { team: id } },
            clock.now(),
          );
        });
        return c.json({ message: 'The team is gone; its members keep their accounts.' }, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/teams/{id}/members',
        access: 'viewer',
        tags,
        summary: 'Who is in a team, and as what',
        request: { params: idParam },
        responses: { 200: json(items(member), 'Members by e-mail') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const members = await db.read(async (r) => {
          await requireTeam(r, requireUser(c), id);
          return r.all<Member>(
            `SELECT m.person_id, p.email, p.name, m.role FROM members m JOIN people p ON p.id = m.person_id
             WHERE m.team_id = ? ORDER BY p.email`,
            [id],
          );
        });
        return c.json({ items: members }, 200);
      },
    )
    .openapi(
      route({
        method: 'put',
        path: '/teams/{id}/members/{person_id}',
        access: 'maintainer',
        tags,
        summary: 'Put a person into a team, or change what they may do there',
        description:
          'Maintainers change their members, up to their own role; who is new to the team is put in by an admin.',
        request: { params: memberParam, body: jsonBody(memberWrite) },
        responses: { 200: json(member, 'The member') },
      }),
      async (c) => {
        const { id, person_id: personId } = c.req.valid('param');
        const { role } = c.req.valid('json');
        const me = requireUser(c);
        const changed = await db.write(async (w) => {
          const { own, team, before } = await standing(w, me, id, personId);
          // Who is in other teams only is nobody that its maintainers know of.
          if (before === null && me.teams !== null) throw unknownMember(personId);
          if (!mayManage(own, before, role)) throw tooLow(own, team);
          const person = await accountById(w, personId);
          if (!person) throw unknownMember(personId);
          await putMember(w, { teamId: id, personId, role });
          w.afterCommit(forget);
          const data = { person: personId, team, role, before };
          await recordAudit(w, { ...actorOf(c), action: 'member.changed', target: person.email, data }, clock.now());
          return { person_id: personId, email: person.email, name: person.name, role };
        });
        return c.json(changed, 200);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/teams/{id}/members/{person_id}',
        access: 'maintainer',
        tags,
        summary: 'Take a person out of a team; their account stays',
        description: 'Tokens and invitations for it that they have made end, too.',
        request: { params: memberParam },
        responses: { 200: json(done, 'They see nothing of it any more') },
      }),
      async (c) => {
        const { id, person_id: personId } = c.req.valid('param');
        const me = requireUser(c);
        await db.write(async (w) => {
          const { own, team, before } = await standing(w, me, id, personId);
          if (before === null) throw unknownMember(personId);
          if (!mayManage(own, before)) throw tooLow(own, team);
          await w.run('DELETE FROM members WHERE team_id = ? AND person_id = ?', [id, personId]);
          const ended = await revokeTokensOf(w, { personId, teamId: id }, clock.now());
          await endInvitationsBy(w, { personId, teamId: id });
          w.afterCommit(forget);
          const data = { person: personId, team, before, tokens_ended: ended };
          const email = (await accountById(w, personId))?.email ?? personId;
          await recordAudit(w, { ...actorOf(c), action: 'member.removed', target: email, data }, clock.now());
        });
        return c.json({ message: 'They see nothing of this team any more.' }, 200);
      },
    );
}

const unknownMember = (id: string) => notFound(`member ${id} of this team`);
const tooLow = (own: Role | null, team: string) =>
  forbidden(`Your role in ${team} is ${own}: this needs somebody who may do more.`);

async function listTeams(r: ReadHandle, me: User): Promise<Team[]> {
  const rows = await r.all<Omit<Team, 'role' | 'created_at'> & { created_at: number }>(
    `SELECT t.id, t.name, t.created_at, (SELECT count(*) FROM members WHERE team_id = t.id) AS members, 
       (SELECT count(*) FROM projects WHERE team_id = t.id) AS projects FROM teams t
     ORDER BY t.name`,
  );
  return rows.flatMap((row) => {
    const role = roleIn(me, row.id);
    return role === null ? [] : [{ ...row, role, created_at: isoTime(row.created_at) }];
  });
}

async function requireTeam(r: ReadHandle, me: User, id: string): Promise<Team> {
  const found = (await listTeams(r, me)).find((one) => one.id === id);
  if (!found) throw notFound(`team ${id}`);
  return found;
}

/** What the asking one and the person are in a team. */
async function standing(
  w: WriteHandle,
  me: User,
  teamId: string,
  personId: string,
): Promise<{ own: Role; team: string; before: Role | null }> {
  const { role: own, name: team } = await requireTeam(w, me, teamId);
  const row = await w.get<{ role: Role }>('SELECT role FROM members WHERE team_id = ? AND person_id = ?', [
    teamId,
    personId,
  ]);
  return { own, team, before: row?.role ?? null };
}

async function refuseTakenName(w: WriteHandle, name: string, id: string): Promise<void> {
  if (!(await w.get('SELECT id FROM teams WHERE name = ? AND id <> ?', [name, id]))) return;
  throw new Refusal(409, 'name_taken', `There is a team named ${name} already.`);
}
