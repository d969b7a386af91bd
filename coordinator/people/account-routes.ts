/** HTTP edge of one's own account: /api/v1/account. For people who are signed in; tokens have no account. */
import { z } from 'zod';
import { idParam } from '../../shared/protocol/rest/common.ts';
import {
  backupCodes,
  changePassword,
  confirmCode,
  items,
  newSecondFactor,
  person,
  session,
  trustedDevice,
  withPassword,
} from '../../shared/protocol/rest/people.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { requirePerson } from '../http/principal.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { refuseWeak, setPassword } from './accounts.ts';
import { deviceOf } from './cookies.ts';
import { accountById, getPerson } from './queries.ts';
import { endSessions, endTrust, listDevices, listSessions } from './sessions.ts';
import { confirmPassword } from './sign-in.ts';
import type { SignInRoutesDeps } from './sign-in-routes.ts';
import { beginTotp, makeBackupCodes, removeTotp, useTotp } from './totp.ts';

export interface AccountRoutesDeps extends SignInRoutesDeps {
  sessionIdleMs: () => number;
}

const tags: [string] = ['Account'];
const done = z.object({ message: z.string() });

export function accountRoutes(deps: AccountRoutesDeps) {
  const { db, clock, passwords, authenticator, secure, totpKey, sessionIdleMs } = deps;
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
        const me = requirePerson(c);
        const { current, password } = c.req.valid('json');
        refuseWeak(password, { email: me.session.email, name: me.name });
        await confirmPassword(deps, me.id, { field: 'current', password: current }, { actor: actorOf(c) });
        const passwordHash = await passwords.hash(password);
        await db.write(async (w) => {
          await setPassword(w, { personId: me.id, passwordHash, exceptSession: me.session.id });
          w.afterCommit(forget);
          await recordAudit(w, { ...actorOf(c), action: 'password.changed', target: me.session.email }, clock.now());
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
    )
    .openapi(
      route({
        method: 'post',
        path: '/account/second-factor',
        access: 'person',
        tags,
        summary: 'Begin to ask for codes of an authenticator at sign-in',
        description: 'It counts once a first code has confirmed it; until then you may begin again.',
        request: { body: jsonBody(withPassword) },
        responses: { 200: json(newSecondFactor, 'What to type into the authenticator; shown only here') },
      }),
      async (c) => {
        const me = requirePerson(c);
        const { password } = c.req.valid('json');
        await confirmPassword(deps, me.id, { field: 'password', password }, { actor: actorOf(c) });
        const made = await db.write(async (w) => {
          const account = await accountById(w, me.id);
          if (account?.totp_confirmed_at != null) {
            throw new Refusal(409, 'second_factor_on', 'Your account has a second factor already. Remove it first.');
          }
          return beginTotp(w, { id: me.id, email: me.session.email }, totpKey);
        });
        c.header('cache-control', 'no-store');
        return c.json(made, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/account/second-factor/confirm',
        access: 'person',
        tags,
        summary: 'Confirm the second factor with a first code',
        request: { body: jsonBody(confirmCode) },
        responses: { 200: json(backupCodes, 'It counts from now on; these codes are shown only here') },
      }),
      async (c) => {
        const me = requirePerson(c);
        const { code } = c.req.valid('json');
        const codes = await db.write(async (w) => {
          const now = clock.now();
          const account = await accountById(w, me.id);
          if (!account || account.totp_secret === null || account.totp_confirmed_at !== null) {
            throw new Refusal(
              409,
              'nothing_to_confirm',
              'No second factor waits to be confirmed. Begin with one first.',
            );
          }
          if (!(await useTotp(w, account, code, totpKey, now))) {
            throw new Refusal(
              422,
              'wrong_code',
              'code is not the one that the authenticator shows now. Is the clock of its machine right?',
              { errors: [{ field: 'code', message: 'is not the one that the authenticator shows now' }] },
            );
          }
          await w.run('UPDATE people SET totp_confirmed_at = ? WHERE id = ?', [now, me.id]);
          await recordAudit(w, { ...actorOf(c), action: 'second_factor.added', target: account.email }, now);
          return makeBackupCodes(w, me.id, totpKey);
        });
        c.header('cache-control', 'no-store');
        return c.json({ backup_codes: codes }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/account/second-factor/backup-codes',
        access: 'person',
        tags,
        summary: 'Make new backup codes; those before work no longer',
        request: { body: jsonBody(withPassword) },
        responses: { 200: json(backupCodes, 'Shown only here') },
      }),
      async (c) => {
        const me = requirePerson(c);
        const { password } = c.req.valid('json');
        await confirmPassword(deps, me.id, { field: 'password', password }, { actor: actorOf(c) });
        const codes = await db.write(async (w) => {
          const account = await accountById(w, me.id);
          if (account?.totp_confirmed_at == null) throw noSecondFactor();
          await recordAudit(w, { ...actorOf(c), action: 'second_factor.backup_codes' }, clock.now());
          return makeBackupCodes(w, me.id, totpKey);
        });
        c.header('cache-control', 'no-store');
        return c.json({ backup_codes: codes }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/account/second-factor/remove',
        access: 'person',
        tags,
        summary: 'Ask for no codes any more',
        request: { body: jsonBody(withPassword) },
        responses: { 200: json(done, 'Removed') },
      }),
      async (c) => {
        const me = requirePerson(c);
        const { password } = c.req.valid('json');
        await confirmPassword(deps, me.id, { field: 'password', password }, { actor: actorOf(c) });
        await db.write(async (w) => {
          const account = await accountById(w, me.id);
          if (account?.totp_secret == null) throw noSecondFactor();
          await removeTotp(w, me.id);
          await recordAudit(w, { ...actorOf(c), action: 'second_factor.removed', target: account.email }, clock.now());
        });
        return c.json({ message: 'You sign in with your password alone from now on.' }, 200);
      },
    );
}

const noSecondFactor = () => new Refusal(409, 'no_second_factor', 'Your account has no second factor.');
