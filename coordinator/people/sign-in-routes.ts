/** HTTP edge of signing in: by password and second factor, by invitation, by a link for a new password, by the admin link. */
import { z } from 'zod';
import {
  acceptInvitation,
  firstAccount,
  resetPassword,
  secondFactor as secondFactorShape,
  signedIn,
  signIn as signInShape,
} from '../../shared/protocol/rest/people.ts';
import { recordAudit } from '../audit/record.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { spendToken } from '../identity/spend-token.ts';
import { createPerson, refuseWeak, setPassword } from './accounts.ts';
import { answerSignIn, whereFrom } from './cookies.ts';
import { joinAs } from './join.ts';
import { accountById } from './queries.ts';
import { actorFor, proceed, secondFactor, signIn, type SignInDeps } from './sign-in.ts';
import { readTicket, spendTicket } from './tickets.ts';

export interface SignInRoutesDeps extends SignInDeps {
  authenticator: Authenticator;
  /** Browsers reach it by https. */
  secure: boolean;
}

const tags: [string] = ['Access'];
const nothing = z.object({ message: z.string() });

export function signInRoutes(deps: SignInRoutesDeps) {
  const { db, clock, passwords, authenticator, secure } = deps;
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
          const id = await joinAs(w, ticket, { name, passwordHash }, where, now);
          return proceed(w, deps, (await accountById(w, id))!, 'invitation', where, now);
        });
        return c.json(answerSignIn(c, result, deps), 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/auth/reset-password',
        access: 'public',
        tags,
        summary: 'Set a new password with a link that an admin made',
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
        });
        return c.json({ message: 'The new password is set. Sign in with it.' }, 200);
      },
    );
}
