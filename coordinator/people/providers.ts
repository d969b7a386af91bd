/**
 * Signing in through others: GitHub and Discord (OAuth), Google and any OpenID Connect provider. The protocol, its checks (state, nonce, PKCE,
 * signatures) and random numbers are openid-client's; here is whom to ask, and what of the answer counts.
 */
import * as oidc from 'openid-client';
import type { ProviderId } from '../../shared/protocol/rest/people.ts';
import type { OutboundFetch } from '../http/outbound.ts';

/** Whom a provider says it is. */
export interface Profile {
  subject: string;
  /** In lower case; null unless the provider has verified it. */
  email: string | null;
  name: string;
}

export interface ProviderSettings {
  github_client_id: string | null;
  github_client_secret: string | null;
  github_url: string | null;
  google_client_id: string | null;
  google_client_secret: string | null;
  discord_client_id: string | null;
  discord_client_secret: string | null;
  oidc_issuer: string | null;
  oidc_name: string | null;
  oidc_client_id: string | null;
  oidc_client_secret: string | null;
}

/** What is remembered while somebody is at the provider. */
export interface Journey {
  provider: ProviderId;
  state: string;
  nonce: string;
  verifier: string;
  redirectUri: string;
}

const GITHUB = 'https://github.com';
const GOOGLE = 'https://accounts.google.com';
const DISCORD = 'https://discord.com';
const TIMEOUT_S = 10;
const NAMES: Record<Exclude<ProviderId, 'oidc'>, string> = { github: 'GitHub', google: 'Google', discord: 'Discord' };
const SCOPES: Record<ProviderId, string> = {
  github: 'read:user user:email',
  google: 'openid email profile',
  discord: 'identify email',
  oidc: 'openid email profile',
};

export class Providers {
  readonly #settings: () => ProviderSettings;
  readonly #fetch: OutboundFetch;
  /** By all that it was made of, so that changed settings count at once. */
  readonly #configurations = new Map<string, Promise<oidc.Configuration>>();

  constructor(settings: () => ProviderSettings, fetch: OutboundFetch) {
    this.#settings = settings;
    this.#fetch = fetch;
  }

  /** Those that are set up, in the order in which they are offered. */
  list(): { id: ProviderId; name: string }[] {
    const settings = this.#settings();
    const ids: ProviderId[] = ['oidc', 'github', 'google', 'discord'];
    return ids
      .filter((id) => settings[`${id}_client_id`] !== null && (id !== 'oidc' || settings.oidc_issuer !== null))
      .map((id) => ({ id, name: id === 'oidc' ? (settings.oidc_name ?? 'single sign-on') : NAMES[id] }));
  }

  /** Where to send the browser, and what to remember until it comes back. Rejects where the provider cannot be asked. */
  async setOut(id: ProviderId, redirectUri: string): Promise<{ url: URL; journey: Journey }> {
    const configuration = await this.#configurationOf(id);
    const journey: Journey = {
      provider: id,
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
      redirectUri,
    };
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: SCOPES[id],
      state: journey.state,
      code_challenge: await oidc.calculatePKCECodeChallenge(journey.verifier),
      code_challenge_method: 'S256',
      ...(speaksOidc(id) ? { nonce: journey.nonce } : {}),
    });
    return { url, journey };
  }

  /** Who came back, with the query that the provider gave along. Rejects for whatever does not fit the journey. */
  async comeBack(journey: Journey, search: string): Promise<Profile> {
    const { provider: id, state, nonce, verifier, redirectUri } = journey;
    const configuration = await this.#configurationOf(id);
    const url = new URL(redirectUri);
    url.search = search;
    const tokens = await oidc.authorizationCodeGrant(configuration, url, {
      expectedState: state,
      pkceCodeVerifier: verifier,
      ...(speaksOidc(id) ? { expectedNonce: nonce, idTokenExpected: true } : {}),
    });
    const read = async (address: string): Promise<unknown> => {
      const answer = await oidc.fetchProtectedResource(configuration, tokens.access_token, new URL(address), 'GET');
      if (!answer.ok) throw new Error(`${new URL(address).pathname} was answered ${answer.status}`);
      return answer.json();
    };
    if (id === 'discord') return discordProfile(await read(`${DISCORD}/api/users/@me`));
    if (id === 'github') {
      const api = githubApi(this.#settings().github_url ?? GITHUB);
      return githubProfile(await read(`${api}/user`), await read(`${api}/user/emails`));
    }
    const claims = tokens.claims();
    if (!claims) throw new Error('the provider gave no id token');
    // Some tell the e-mail only when they are asked for it.
    const told = 'email' in claims ? claims : await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    return oidcProfile({ ...claims, ...told });
  }

  async #configurationOf(id: ProviderId): Promise<oidc.Configuration> {
    const settings = this.#settings();
    const clientId = settings[`${id}_client_id`];
    if (clientId === null) throw new Error(`${id} is not set up`);
    const secret = settings[`${id}_client_secret`] ?? '';
    const server = {
      github: settings.github_url ?? GITHUB,
      google: GOOGLE,
      discord: DISCORD,
      oidc: settings.oidc_issuer,
    }[id];
    if (server === null) throw new Error('oidc_issuer is not set');
    const key = JSON.stringify([id, server, clientId, secret]);
    let made = this.#configurations.get(key);
    if (!made) {
      made = configure(id, new URL(server), { clientId, secret, fetch: this.#fetch });
      this.#configurations.clear();
      this.#configurations.set(key, made);
      // One that failed is tried anew.
      made.catch(() => this.#configurations.delete(key));
    }
    return made;
  }
}

const speaksOidc = (id: ProviderId): boolean => id === 'google' || id === 'oidc';

interface Client {
  clientId: string;
  secret: string;
  fetch: OutboundFetch;
}

async function configure(
  id: ProviderId,
  server: URL,
  { clientId, secret, fetch }: Client,
): Promise<oidc.Configuration> {
  const called: oidc.CustomFetch = (url, { body, headers, method, signal }) => {
    if (body instanceof ReadableStream || body instanceof ArrayBuffer) throw new Error('such a body is never sent');
    return fetch(url, { method, headers, body, signal });
  };
  // Settings allow it on this machine only.
  const insecure = server.protocol === 'http:';
  if (speaksOidc(id)) {
    return oidc.discovery(server, clientId, secret, undefined, {
      timeout: TIMEOUT_S,
      [oidc.customFetch]: called,
      // Left out, the library takes the connection for proof enough and checks no signature.
      execute: [oidc.enableNonRepudiationChecks, ...(insecure ? [oidc.allowInsecureRequests] : [])],
    });
  }
  const base = server.href.replace(/\/$/, '');
  const paths =
    id === 'github'
      ? { issuer: '/login/oauth', authorize: '/login/oauth/authorize', token: '/login/oauth/access_token' }
      : { issuer: '', authorize: '/oauth2/authorize', token: '/api/oauth2/token' };
  const configuration = new oidc.Configuration(
    {
      issuer: base + paths.issuer,
      authorization_endpoint: base + paths.authorize,
      token_endpoint: base + paths.token,
    },
    clientId,
    secret,
  );
  configuration.timeout = TIMEOUT_S;
  configuration[oidc.customFetch] = called;
  if (insecure) oidc.allowInsecureRequests(configuration);
  return configuration;
}

/** A server of one's own has its API below itself. */
function githubApi(server: string): string {
  const base = server.replace(/\/$/, '');
  return base === GITHUB ? 'https://api.github.com' : `${base}/api/v3`;
}

/** @throws Error for an answer that says not who it is. */
export function oidcProfile(claims: Record<string, unknown>): Profile {
  const { sub, email, email_verified: verified, name } = claims;
  if (typeof sub !== 'string' || sub === '') throw new Error('the provider does not say who it is');
  return { subject: sub, email: verified === true ? mail(email) : null, name: nameOf(name, email, sub) };
}

/** @throws Error for an answer that says not who it is. */
export function githubProfile(user: unknown, emails: unknown): Profile {
  const { id, name, login } = user as { id?: unknown; name?: unknown; login?: unknown };
  if (typeof id !== 'number') throw new Error('the provider does not say who it is');
  const list = Array.isArray(emails) ? (emails as { email?: unknown; primary?: unknown; verified?: unknown }[]) : [];
  const primary = list.find((entry) => entry.primary === true && entry.verified === true);
  return { subject: String(id), email: mail(primary?.email), name: nameOf(name, login, String(id)) };
}

/** @throws Error for an answer that says not who it is. */
export function discordProfile(user: unknown): Profile {
  const { id, email, verified, global_name: name, username } = user as Record<string, unknown>;
  if (typeof id !== 'string' || id === '') throw new Error('the provider does not say who it is');
  return { subject: id, email: verified === true ? mail(email) : null, name: nameOf(name, username, id) };
}

const mail = (text: unknown): string | null =>
  typeof text === 'string' && text.includes('@') ? text.toLowerCase() : null;

/** The first that can be shown. */
function nameOf(...texts: unknown[]): string {
  for (const text of texts) {
    const clean =
      typeof text === 'string'
        ? text
            .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
            .trim()
            .slice(0, 100)
        : '';
    if (clean !== '') return clean;
  }
  return 'somebody';
}
