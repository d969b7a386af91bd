/** Everybody who may come to a coordinator: tokens and people of each role, workers, nobody, and those whose secret works no longer. */
import { ROLES, type Role } from '../../shared/protocol/rest/roles.ts';
import { makeAdmin, makePerson, signIn, cookieOf } from '../support/people.ts';

export interface Coordinator {
  url: string;
  /** Of an admin. */
  token: string;
}

export const NO_LONGER = ['revoked token', 'expired token', 'revoked worker', 'signed out'] as const;
/** Signed in in a browser, with a role in one team. */
export const MEMBERS = ROLES.map((role) => `member ${role}` as const);
export type Member = (typeof MEMBERS)[number];
/** `person`: an admin of the whole installation, signed in in a browser. The plain roles are tokens for all teams. */
export const CALLERS = ['none', 'worker', 'sync', ...ROLES, 'person', ...MEMBERS, ...NO_LONGER] as const;
export type Caller = (typeof CALLERS)[number];

export interface Callers {
  /** A token or key, or the cookie of a session; null: shows nothing. */
  secrets: Record<Caller, string | null>;
  workerId: string;
  /** One more token or session of a caller, for a call that uses it up. */
  fresh(caller: Role | Member | 'person'): Promise<string>;
}

/** The headers with which a secret is shown: cookies as a page of ours sends them. */
export function shown(url: string, secret: string | null): Record<string, string> {
  if (secret === null) return {};
  return secret.startsWith('pf') && !secret.includes('=')
    ? { authorization: `Bearer ${secret}` }
    : { cookie: secret, origin: url };
}

interface Enrolled {
  worker_id: string;
  api_key: string;
}

export async function makeCallers(coordinator: Coordinator): Promise<Callers> {
  const call = <T>(method: string, path: string, body?: object, token = coordinator.token) =>
    callJson<T>(coordinator.url + path, method, token, body);
  // Tokens that work no longer are shown hundreds of times, which is what this limit is against.
  await call('PUT', '/api/v1/settings', { rate_limit_failed_sign_ins_per_minute: 1_000_000 });
  const makeToken = async (fields: object) =>
    call<{ id: string; token: string }>('POST', '/api/v1/tokens', { name: 'access', ...fields });
  const enrol = async (hostname: string) => {
    const { token } = await makeToken({ kind: 'join' });
    const body = { hostname, capabilities: { browsers: [], platform: 'linux', max_parallel: 1 } };
    return call<Enrolled>('POST', '/api/v1/workers/register', body, token);
  };
  const mail = (caller: string) => `${caller.replace(' ', '.')}@example.com`;
  const isRole = (caller: string): caller is Role => (ROLES as readonly string[]).includes(caller);
  const fresh: Callers['fresh'] = async (caller) =>
    isRole(caller)
      ? (await makeToken({ kind: 'api', role: caller })).token
      : cookieOf(await signIn(coordinator.url, mail(caller)));
  const expired = (await makeToken({ kind: 'api', role: 'admin', expires_in_seconds: 1 })).token;
  const revoked = await makeToken({ kind: 'api', role: 'admin' });
  await call('DELETE', `/api/v1/tokens/${revoked.id}`);
  const removed = await enrol('access-removed');
  await call('DELETE', `/api/v1/workers/${removed.worker_id}`);
  const worker = await enrol('access');
  const { secret: sync } = await call<{ secret: string }>('POST', '/api/v1/sync-credentials', { name: 'access' });
  const request = (method: string, path: string, body?: unknown) =>
    fetch(coordinator.url + path, {
      method,
      headers: { authorization: `Bearer ${coordinator.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const api = { url: coordinator.url, request };
  const person = await makeAdmin(api, mail('person'));
  const members = {} as Record<Member, string>;
  for (const role of ROLES)
    members[`member ${role}`] = (await makePerson(api, { email: mail(`member ${role}`), role })).cookie;
  const out = await makePerson(api, { email: mail('signed out') });
  await out.ask('POST', '/auth/logout');
  const roles = {} as Record<Role, string>;
  for (const role of ROLES) roles[role] = await fresh(role);
  while ((await statusOf(coordinator.url, expired)) !== 401) await new Promise((resolve) => setTimeout(resolve, 100));
  return {
    secrets: {
      none: null,
      worker: worker.api_key,
      sync,
      ...roles,
      person: person.cookie,
      ...members,
      'signed out': out.cookie,
      'revoked token': revoked.token,
      'expired token': expired,
      'revoked worker': removed.api_key,
    },
    workerId: worker.worker_id,
    fresh,
  };
}

async function statusOf(url: string, secret: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${secret}` } });
  await answer.body?.cancel();
  return answer.status;
}

async function callJson<T>(url: string, method: string, token: string, body?: object): Promise<T> {
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}
