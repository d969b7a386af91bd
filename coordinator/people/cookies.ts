/** What browsers keep for us: the session, that they are trusted, and who asks. */
import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import type { AppEnv } from '../http/env.ts';
import { actorOf } from '../audit/record.ts';
import { cookieIn, refuseForeignPages, sessionCookie } from '../identity/authentication.ts';
import { languageOf } from '../mail/letters.ts';
import { BROWSER_LIFE_MS, DEVICE_LIFE_MS, type Browser } from './sessions.ts';
import type { SignInResult, Where } from './sign-in.ts';

const MAX_USER_AGENT = 400;

const browserCookie = (secure: boolean): string => `${secure ? '__Host-' : ''}playfleet_browser`;
export const deviceCookie = (secure: boolean): string => `${secure ? '__Host-' : ''}playfleet_device`;

/** Of a request that signs somebody in: throws a 403 where a page of another origin sends it. */
export function whereFrom(c: Context<AppEnv>, secure: boolean): Where {
  refuseForeignPages(c);
  return whereOf(c, secure);
}

/** The same without that check: for what a provider sends back, which its own cookie protects. */
export function whereOf(c: Context<AppEnv>, secure: boolean): Where {
  const known = cookieIn(c.env.incoming.headers.cookie, browserCookie(secure));
  return { browser: browserOf(c), device: deviceOf(c, secure), known, actor: actorOf(c) };
}

function browserOf(c: Context<AppEnv>): Browser {
  const { headers, socket } = c.env.incoming;
  return {
    address: socket.remoteAddress ?? '',
    userAgent: (headers['user-agent'] ?? '').slice(0, MAX_USER_AGENT),
    language: languageOf(headers['accept-language']),
  };
}

export const deviceOf = (c: Context<AppEnv>, secure: boolean): string | null =>
  cookieIn(c.env.incoming.headers.cookie, deviceCookie(secure));

/** Answers what the sign-in came to, the secrets as cookies only. */
export function answerSignIn(
  c: Context<AppEnv>,
  result: SignInResult,
  { secure, sessionLifeMs }: { secure: boolean; sessionLifeMs: () => number },
): { step: 'done' | 'second_factor'; ticket: string | null } {
  c.header('cache-control', 'no-store');
  if (result.step === 'second_factor') return { step: result.step, ticket: result.ticket };
  const kept = { path: '/', httpOnly: true, sameSite: 'Strict', secure } as const;
  setCookie(c, sessionCookie(secure), result.session, { ...kept, maxAge: Math.floor(sessionLifeMs() / 1000) });
  if (result.known !== null) {
    // Lax, so that a browser that comes back from a provider is known, too.
    setCookie(c, browserCookie(secure), result.known, {
      ...kept,
      sameSite: 'Lax',
      maxAge: Math.floor(BROWSER_LIFE_MS / 1000),
    });
  }
  if (result.device !== null) {
    setCookie(c, deviceCookie(secure), result.device, { ...kept, maxAge: Math.floor(DEVICE_LIFE_MS / 1000) });
  }
  return { step: 'done', ticket: null };
}

export function forgetSessionCookie(c: Context<AppEnv>, secure: boolean): void {
  deleteCookie(c, sessionCookie(secure), { path: '/', secure });
}
