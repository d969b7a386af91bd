/** HTTP edge of signing in: by password and second factor, by invitation, by a link for a new password, by the admin link. */
import { z } from 'zod';
import {
  acceptInvitation,
  firstAccount,
  forgotPassword,
  resetPassword,
  secondFactor as secondFactorShape,
  signedIn,
  signIn as signInShape,
} from '../../shared/protocol/rest/people.ts';
import { recordAudit } from '../audit/record.ts';
import { networkOf } from '../http/rate-limits.ts';
import { Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { SlidingWindow } from '../http/sliding-window.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { spendToken } from '../identity/spend-token.ts';
import { createPerson, refuseWeak, setPassword } from './accounts.ts';
import { answerSignIn, whereFrom } from './cookies.ts';
import { joinAs } from './join.ts';
import { accountById } from './queries.ts';
import { mailReset } from './mail-reset.ts';
import { actorFor, proceed, secondFactor, signIn, untilGrid, type SignInDeps } from './sign-in.ts';
import { readTicket, spendTicket } from './tickets.ts';

export interface SignInRoutesDeps extends SignInDeps {
  authenticator: Authenticator;
  /** Browsers reach it by https. */
  secure: boolean;
}

const tags: [string] = ['Access'];
const nothing = z.object({ message: z.string() });
/** Links that one address may ask for in a minute, for whomever. */
const MOST_ASKED = 10;

export function signInRoutes(deps: SignInRoutesDeps) {
  const { db, clock, passwords, authenticator, secure, mail } = deps;
  const asked = new SlidingWindow();
  return createRouter()
    .openapi(
      route({
        method: 'post',
        path: '/auth/sign-in',
        access: 'public',
        tags,
        summary: 'Sign in with e-mail and password',
        description: 'The session is a cookie. Where a second factor is on, the answer is a ticket for the next step.',
        request: { body: jsonBody(signInShape) },
        responses: { 200: json(signedIn, 'Signed in, or the next step') },
      }),
      async (c) => c.json(answerSignIn(c, await signIn(deps, c.req.valid('json'), whereFrom(c, secure)), deps), 200),
    )
    .openapi(
      route({
        method: 'post',
        path: '/auth/second-factor',
        access: 'public',
        tags,
        summary: 'Finish signing in with a code of the authenticator, or a backup code',
        request: { body: jsonBody(secondFactorShape) },
        responses: { 200: json(signedIn, 'Signed in') },
      }),
      async (c) => {
        const { ticket, code, trust_device: trust } = c.req.valid('json');
        const result = await secondFactor(deps, { ticket, code, trust }, whereFrom(c, secure));
        return c.json(answerSignIn(c, result, deps), 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/auth/first-account',
        access: 'public',
        tags,
        summary: 'Make the account of an admin with a one-time admin link',
        request: { body: jsonBody(firstAccount) },
        responses: { 200: json(signedIn, 'The account is made, and signed in') },
      }),
      async (c) => {
        const { token, email, name, password } = c.req.valid('json');
        const where = whereFrom(c, secure);
        refuseWeak(password, { email, name });
        const passwordHash = await passwords.hash(password);
        const result = await db.write(async (w) => {
          const now = clock.now();
          const { id: linkId } = await spendToken(w, token, { kind: 'admin_link', usedBy: email }, now);
          const wanted = { email, name, passwordHash, admin: true, member: null, createdBy: 'admin link' };
          const id = await createPerson(w, wanted, now);
          const who = actorFor({ id, name }, where);
          const data = { person: id, admin: true, link: linkId };
          await recordAudit(w, { ...who, action: 'person.joined', target: email, data }, now);
          const account = (await accountById(w, id))!;
          const to = { ...account, language: where.browser.language };
          await mail.post(w, { kind: 'welcome', to, data: { link: mail.link('sign-in') } }, now);
          return proceed(w, deps, account, 'admin link', where, now);
        });
        return c.json(answerSignIn(c, result, deps), 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/auth/accept-invitation',
        access: 'public',
        tags,
        summary: 'Make the account that one was invited to',
        request: { body: jsonBody(acceptInvitation) },
        responses: { 200: json(signedIn, 'The account is made, and signed in') },
      }),
      async (c) => {
        const { token, name, password } = c.req.valid('json');
        const where = whereFrom(c, secure);
        // Looked at before it is spent, so that a password that is refused costs nothing.
        const invited = await db.read((r) => readTicket(r, token, 'invitation', clock.now()));
        refuseWeak(password, { email: invited.email ?? '', name });
        const passwordHash = await passwords.hash(password);
        const result = await db.write(async (w) => {
          const now = clock.now();
          const ticket = await spendTicket(w, token, 'invitation', now);
          const id = await joinAs(w, deps, ticket, { name, passwordHash }, where, now);
          return proceed(w, deps, (await accountById(w, id))!, 'invitation', where, now);
        });
        return c.json(answerSignIn(c, result, deps), 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/auth/forgot-password',
        access: 'public',
        tags,
        summary: 'Ask for a link for a new password by mail',
        description:
          'The answer is the same, and takes as long, whether somebody has that address or not. Who signs in through a provider gets none.',
        request: { body: jsonBody(forgotPassword) },
        responses: { 202: json(nothing, 'If somebody has that address, a mail is on its way') },
      }),
      async (c) => {
        const started = clock.monotonic();
        const { actor, browser } = whereFrom(c, secure);
        if (!mail.isSetUp)
          throw new Refusal(
            409,
            'mail_not_set_up',
            'No mails are sent here. Ask an admin for a link for a new password.',
          );
        const waitMs = asked.take(networkOf(browser.address), MOST_ASKED, started);
        if (waitMs > 0) throw askedTooOften(waitMs);
        const { email } = c.req.valid('json');
        await db.write((w) => mailReset(w, deps, { email, actor, language: browser.language }, clock.now()));
        await untilGrid(clock, started);
        return c.json({ message: 'If somebody has that address here, a mail with a link is on its way.' }, 202);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/auth/reset-password',
        access: 'public',
        tags,
        summary: 'Set a new password with a link that came by mail, or that an admin made',
        description: 'Signs out everywhere. A second factor stays: sign in with the new password and a code.',
        request: { body: jsonBody(resetPassword) },
        responses: { 200: json(nothing, 'Sign in with it now') },
      }),
      async (c) => {
        const { token, password } = c.req.valid('json');
        const where = whereFrom(c, secure);
        const owner = await db.read(async (r) => {
          const ticket = await readTicket(r, token, 'reset', clock.now());
          return accountById(r, ticket.person_id ?? '');
        });
        refuseWeak(password, owner ?? { email: '', name: '' });
        const passwordHash = await passwords.hash(password);
        await db.write(async (w) => {
          const now = clock.now();
          const ticket = await spendTicket(w, token, 'reset', now);
          const account = (await accountById(w, ticket.person_id ?? ''))!;
          await setPassword(w, { personId: account.id, passwordHash, exceptSession: null });
          w.afterCommit(() => authenticator.forget());
          const data = { person: account.id };
          await recordAudit(
            w,
            { ...actorFor(account, where), action: 'password.reset', target: account.email, data },
            now,
          );
          await mail.post(w, { kind: 'password_changed', to: account, data: { at: now } }, now);
        });
        return c.json({ message: 'The new password is set. Sign in with it.' }, 200);
      },
    );
}

function askedTooOften(waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1000);
  return new Refusal(429, 'too_many_requests', `Too many links were asked for from here. Try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}
