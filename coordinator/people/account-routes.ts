/** HTTP edge of one's own account: /api/v1/account. For people who are signed in; tokens have no account. */
import { z } from 'zod';
import { idParam } from '../../shared/protocol/rest/common.ts';
import { changePassword, items, person, session, trustedDevice } from '../../shared/protocol/rest/people.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { requirePerson } from '../http/principal.ts';
import { notFound } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { refuseWeak, setPassword } from './accounts.ts';
import { confirmed } from './confirmed.ts';
import { deviceOf } from './cookies.ts';
import { getPerson } from './queries.ts';
import { endSessions, endTrust, listDevices, listSessions } from './sessions.ts';
import type { SignInRoutesDeps } from './sign-in-routes.ts';

export interface AccountRoutesDeps extends SignInRoutesDeps {
  sessionIdleMs: () => number;
}

const tags: [string] = ['Account'];
const done = z.object({ message: z.string() });

export function accountRoutes(deps: AccountRoutesDeps) {
  const { db, clock, passwords, authenticator, secure, sessionIdleMs, mail } = deps;
  const forget = () => authenticator.forget();
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/account',
        access: 'person',
        tags,
        summary: 'Your account',
        responses: { 200: json(person, 'You') },
      }),
      async (c) => {
        const { id } = requirePerson(c);
        const found = await db.read((r) => getPerson(r, id));
        if (!found) throw notFound(`account ${id}`);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/account/password',
        access: 'person',
        tags,
        summary: 'Change your password; signs you out everywhere else',
        request: { body: jsonBody(changePassword) },
        responses: { 200: json(done, 'Changed') },
      }),
      async (c) => {
        const { current, password } = c.req.valid('json');
        const { session, name } = requirePerson(c);
        refuseWeak(password, { email: session.email, name });
        const { me, account } = await confirmed(deps, c, { field: 'current', password: current });
        const passwordHash = await passwords.hash(password);
        await db.write(async (w) => {
          await setPassword(w, { personId: me.id, passwordHash, exceptSession: me.session.id });
          w.afterCommit(forget);
          const now = clock.now();
          await recordAudit(w, { ...actorOf(c), action: 'password.changed', target: me.session.email }, now);
          await mail.post(w, { kind: 'password_changed', to: account, data: { at: now } }, now);
        });
        return c.json({ message: 'The new password counts from now on; all other browsers were signed out.' }, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/account/sessions',
        access: 'person',
        tags,
        summary: 'Browsers that you are signed in with, newest first',
        responses: { 200: json(items(session), 'Sessions') },
      }),
      async (c) => {
        const { id: personId, session: current } = requirePerson(c);
        const which = { personId, currentId: current.id, idleMs: sessionIdleMs() };
        return c.json({ items: await db.read((r) => listSessions(r, which, clock.now())) }, 200);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/account/sessions',
        access: 'person',
        tags,
        summary: 'Sign out all browsers but this one',
        responses: { 200: json(done.extend({ ended: z.int() }), 'Signed out') },
      }),
      async (c) => {
        const me = requirePerson(c);
        const ended = await db.write(async (w) => {
          const ended = await endSessions(w, me.id, { except: me.session.id });
          w.afterCommit(forget);
          await recordAudit(w, { ...actorOf(c), action: 'session.revoked', data: { ended } }, clock.now());
          return ended;
        });
        return c.json({ message: 'All other browsers were signed out.', ended }, 200);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/account/sessions/{id}',
        access: 'person',
        tags,
        summary: 'Sign out one browser',
        request: { params: idParam },
        responses: { 200: json(done, 'Signed out') },
      }),
      async (c) => {
        const me = requirePerson(c);
        const { id } = c.req.valid('param');
        await db.write(async (w) => {
          if ((await endSessions(w, me.id, { only: id })) === 0) throw notFound(`session ${id} of yours`);
          w.afterCommit(forget);
          await recordAudit(w, { ...actorOf(c), action: 'session.revoked', data: { session: id } }, clock.now());
        });
        return c.json({ message: 'That browser was signed out.' }, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/account/devices',
        access: 'person',
        tags,
        summary: 'Browsers that are not asked for a code',
        responses: { 200: json(items(trustedDevice), 'Trusted browsers') },
      }),
      async (c) => {
        const { id } = requirePerson(c);
        return c.json({ items: await db.read((r) => listDevices(r, id, deviceOf(c, secure), clock.now())) }, 200);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/account/devices/{id}',
        access: 'person',
        tags,
        summary: 'Ask one browser for a code again',
        request: { params: idParam },
        responses: { 200: json(done, 'Done') },
      }),
      async (c) => {
        const { id: personId } = requirePerson(c);
        const { id } = c.req.valid('param');
        await db.write(async (w) => {
          if ((await endTrust(w, personId, id)) === 0) throw notFound(`trusted browser ${id} of yours`);
          await recordAudit(w, { ...actorOf(c), action: 'device.revoked', data: { device: id } }, clock.now());
        });
        return c.json({ message: 'That browser is asked for a code again.' }, 200);
      },
    );
}
