/** Finds out who sends a request: a secret in a header, or the session cookie of a browser. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import type { AppEnv } from '../http/env.ts';
import { sameRights } from '../http/principal.ts';
import { Refusal } from '../http/refusal.ts';
import type { Authenticator } from './authenticator.ts';

/** Under https with the prefix by which browsers take it from this very host alone, and only encrypted. */
export const sessionCookie = (secure: boolean): string => `${secure ? '__Host-' : ''}playfleet_session`;

/** The secret in `Authorization: Bearer …` or `X-API-Key: …`; null without one. */
export function secretIn(headers: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const key = headers['x-api-key'];
  return typeof key === 'string' && key !== '' ? key : null;
}

/** Sets `principal`. A header wins over a cookie; a secret that is not known leaves `principal` null, which routes answer with 401. */
export function authentication(authenticator: Authenticator, cookieName: string): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { headers, method } = c.env.incoming;
    const token = secretIn(headers);
    const secret = token ?? sessionIn(headers, method ?? 'GET', cookieName);
    if (secret !== null) {
      const shown = token === null ? 'cookie' : 'header';
      c.set('credential', true);
      const principal = await authenticator.identify(secret, shown);
      c.set('principal', principal);
      c.set('stillKnown', async () => sameRights(principal, await authenticator.look(secret, shown)));
    }
    await next();
  };
}

/**
 * A browser sends the cookie with requests that other sites cause, and pages on the content origin (another port of this host) count as
 * the same site: only what our own pages ask for may use it.
 */
function sessionIn(headers: IncomingHttpHeaders, method: string, cookieName: string): string | null {
  const cookie = cookieIn(headers.cookie, cookieName);
  if (cookie === null) return null;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return null;
  if (method === 'GET' || method === 'HEAD') return cookie;
  if (originHost(headers.origin) === headers.host) return cookie;
  throw crossOrigin();
}

/** Throws a 403 for a request that a page of another origin makes: it must not sign a browser in or out. Programs send no Origin. */
export function refuseForeignPages(c: Context<AppEnv>): void {
  const { origin, host } = c.env.incoming.headers;
  if (origin !== undefined && originHost(origin) !== host) throw crossOrigin();
}

function crossOrigin(): Refusal {
  return new Refusal(
    403,
    'cross_origin',
    'A change that is asked for with the session cookie must come from a page of this coordinator. Programs show a token instead.',
  );
}

function originHost(origin: string | undefined): string | null {
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).host : null;
}

/**
 * The value of a cookie; null without it, and where it comes twice: cookies are shared by all ports of a host, so a page on the content
 * origin can add one of the same name for a deeper path, and only one of the two can be ours.
 */
export function cookieIn(header: string | undefined, cookieName: string): string | null {
  const found: string[] = [];
  for (const part of header?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2);
    if (name === cookieName && value) found.push(value);
  }
  return found.length === 1 ? found[0]! : null;
}
