/** HTTP edge of signing in through others: /api/v1/auth/providers. */
import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import { provider, providerId, waysIn, type ProviderId } from '../../shared/protocol/rest/people.ts';
import { recordAudit } from '../audit/record.ts';
import type { AppEnv } from '../http/env.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { cookieIn } from '../identity/authentication.ts';
import { seal, unseal } from '../identity/data-key.ts';
import type { WriteHandle } from '../storage/database.ts';
import { answerSignIn, whereOf } from './cookies.ts';
import { joinAs } from './join.ts';
import type { Journey, Profile, Providers } from './providers.ts';
import { accountByEmail, accountById, accountByIdentity, type Account } from './queries.ts';
import { actorFor, proceed, type Where } from './sign-in.ts';
import type { SignInRoutesDeps } from './sign-in-routes.ts';
import { spendInvitationOf } from './tickets.ts';

export interface ProviderRoutesDeps extends SignInRoutesDeps {
  providers: Providers;
  /** Seals what a browser remembers while it is at the provider. */
  key: Uint8Array;
  /** The address that the provider sends browsers back to; null: the one that they asked at. */
  publicUrl: string | null;
}

const tags: [string] = ['Access'];
const params = z.object({ provider: providerId });
const JOURNEY_MS = 10 * 60_000;
const PLACE = 'sign-in through a provider';
const journeyCookie = (secure: boolean): string => `${secure ? '__Host-' : ''}playfleet_journey`;

export function providerRoutes(deps: ProviderRoutesDeps) {
  const { db, clock, providers, key, publicUrl, secure, mail } = deps;
  const requireProvider = (id: ProviderId): void => {
    if (!providers.list().some((one) => one.id === id)) throw notFound(`way to sign in through ${id}`);
  };
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/auth/providers',
        access: 'public',
        tags,
        summary: 'Through whom people may sign in here',
        responses: { 200: json(waysIn(provider), 'Those that are set up') },
      }),
      (c) => c.json({ items: providers.list(), reset_by_mail: mail.isSetUp }, 200),
    )
    .openapi(
      route({
        method: 'get',
        path: '/auth/providers/{provider}/start',
        access: 'public',
        tags,
        summary: 'Send a browser to a provider to sign in',
        request: { params },
        responses: { 302: { description: 'To the provider' } },
      }),
      async (c) => {
        const { provider: id } = c.req.valid('param');
        requireProvider(id);
        const redirectUri = `${publicUrl ?? new URL(c.req.url).origin}/api/v1/auth/providers/${id}/callback`;
        const { url, journey } = await providers.setOut(id, redirectUri).catch((error: unknown) => {
          c.var.log.warn({ err: error }, `${id} cannot be asked`);
          throw new Refusal(503, 'provider_unreachable', 'The provider does not answer as it should. Try again later.');
        });
        const sealed = seal(JSON.stringify({ ...journey, until: clock.now() + JOURNEY_MS }), key, PLACE);
        // Lax: it has to come along when the provider sends the browser back.
        const kept = { path: '/', httpOnly: true, sameSite: 'Lax', secure, maxAge: JOURNEY_MS / 1000 } as const;
        setCookie(c, journeyCookie(secure), Buffer.from(sealed, 'base64').toString('base64url'), kept);
        return c.redirect(url.href, 302);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/auth/providers/{provider}/callback',
        access: 'public',
        tags,
        summary: 'Where a provider sends a browser back to',
        description: 'Signs in whom the provider knows by an account or by the verified e-mail of an invitation.',
        request: { params },
        responses: { 302: { description: 'To the start page, or back to the sign-in with what is wrong' } },
      }),
      async (c) => {
        const { provider: id } = c.req.valid('param');
        requireProvider(id);
        const journey = journeyOf(c, deps, id);
        deleteCookie(c, journeyCookie(secure), { path: '/', secure });
        if (!journey) return back(c, 'This sign-in was begun in another browser, or too long ago. Begin again.');
        let profile: Profile;
        try {
          profile = await providers.comeBack(journey, new URL(c.req.url).search);
        } catch (error) {
          c.var.log.warn({ err: error }, `a sign-in through ${id} failed`);
          return back(c, 'The provider did not confirm who you are. Begin again.');
        }
        const where = whereOf(c, secure);
        const result = await db.write(async (w) => {
          const account = await accountFor(w, deps, id, profile, where, clock.now());
          return typeof account === 'string' ? account : proceed(w, deps, account, id, where, clock.now());
        });
        if (typeof result === 'string') return back(c, result);
        const { ticket } = answerSignIn(c, result, deps);
        return c.redirect(ticket === null ? '/' : `/sign-in#ticket=${ticket}`, 302);
      },
    );
}

/** Behind `#`, which reaches no server log. */
const back = (c: Context<AppEnv>, problem: string) =>
  c.redirect(`/sign-in#problem=${encodeURIComponent(problem)}`, 302);

/** null where this browser has not set out to this provider a short while ago. */
function journeyOf(c: Context<AppEnv>, { key, clock, secure }: ProviderRoutesDeps, id: ProviderId): Journey | null {
  const cookie = cookieIn(c.env.incoming.headers.cookie, journeyCookie(secure));
  const text = cookie === null ? null : unseal(Buffer.from(cookie, 'base64url').toString('base64'), key, PLACE);
  if (text === null) return null;
  const { until, ...journey } = JSON.parse(text) as Journey & { until: number };
  return until > clock.now() && journey.provider === id ? journey : null;
}

/** Whose account it is: known by this provider, or linked now, or made of an invitation; else why nobody is let in. */
async function accountFor(
  w: WriteHandle,
  deps: Pick<ProviderRoutesDeps, 'mail'>,
  providerName: ProviderId,
  { subject, email, name }: Profile,
  where: Where,
  now: number,
): Promise<Account | string> {
  const known = await accountByIdentity(w, providerName, subject);
  if (known) return known;
  if (email === null) return 'The provider has not verified your e-mail, so nobody can tell whose account it is.';
  const existing = await accountByEmail(w, email);
  const invitation = existing ? null : await spendInvitationOf(w, email, now);
  if (!existing && !invitation) return `Nobody has invited ${email} here. Ask an admin to.`;
  const personId = existing?.id ?? (await joinAs(w, deps, invitation!, { name, passwordHash: null }, where, now));
  const account = (await accountById(w, personId))!;
  await w.run('INSERT INTO identities (provider, subject, person_id, created_at) VALUES (?, ?, ?, ?)', [
    providerName,
    subject,
    personId,
    now,
  ]);
  const data = { person: personId, provider: providerName };
  await recordAudit(w, { ...actorFor(account, where), action: 'identity.linked', target: email, data }, now);
  return account;
}
