/**
 * Teams kept apart: every operation of the OpenAPI document that names an object, asked for what belongs to one team by everybody of another. What
 * they are answered must be, to the letter, what they are answered for an object that does not exist.
 */
import type { OpenApiDocument } from '../../coordinator/http/openapi.ts';
import { ROLES, type Role } from '../../shared/protocol/rest/roles.ts';
import { cookieOf, fromPage, invite, makeAdmin, PASSWORD } from '../support/people.ts';
import { shown, type Coordinator } from './callers.ts';
import { expectationOf } from './expectation.ts';

const KINDS = ['member', 'token'] as const;
type Kind = (typeof KINDS)[number];

export interface TeamCell {
  route: string;
  access: string;
  role: Role;
  kind: Kind;
  /** Of the team that the object belongs to, or of another. */
  whose: 'own' | 'other';
  status: number;
  code: string | null;
  fits: boolean;
}

/** Ids of one team's objects, by the beginning of the paths that name them. The longest that fits counts. */
type Objects = Record<string, Record<string, string>>;

interface Answer {
  status: number;
  code: string | null;
  /** Without ids and what differs between two askings of the same. */
  text: string;
}

export async function walkTeams(coordinator: Coordinator): Promise<TeamCell[]> {
  const { url } = coordinator;
  const request = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${coordinator.token}`,
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const call = async <T>(method: string, path: string, body?: unknown, token = coordinator.token): Promise<T> => {
    const answer = await request(method, path, body, { authorization: `Bearer ${token}` });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const api = { url, request };
  await makeAdmin(api, 'apart@example.com');
  const secrets = { own: {}, other: {} } as Record<'own' | 'other', Record<string, string>>;
  const teams = {} as Record<'own' | 'other', string>;
  for (const whose of ['own', 'other'] as const) {
    teams[whose] = (await call<{ id: string }>('POST', '/api/v1/teams', { name: `the ${whose} team` })).id;
    for (const role of ROLES) {
      const email = `${whose}.${role}@example.com`;
      const invitation = {
        token: await invite(api, { email, role, team: teams[whose] }),
        name: role,
        password: PASSWORD,
      };
      const joined = await fromPage(url, 'POST', '/api/v1/auth/accept-invitation', invitation);
      secrets[whose][`member ${role}`] = cookieOf(joined);
      const bound = { kind: 'api', role, team: teams[whose], name: `${whose} ${role}` };
      secrets[whose][`token ${role}`] = (await call<{ token: string }>('POST', '/api/v1/tokens', bound)).token;
    }
  }
  const objects = await makeObjects(call, teams.own);
  const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApiDocument;
  const cells: TeamCell[] = [];
  for (const [path, operations] of Object.entries(document.paths)) {
    const ids = objectsOf(path, objects);
    if (!path.includes('{') || ids === null) continue;
    for (const [method, { 'x-access': access }] of Object.entries(operations)) {
      if (!ROLES.some((role) => access.includes(role))) continue;
      const name = `${method.toUpperCase()} ${path}`;
      for (const role of ROLES) {
        for (const kind of KINDS) {
          const ask = (whose: 'own' | 'other', from: Record<string, string>) =>
            answerOf(url, method, fill(path, from), bodyFor(name), secrets[whose][`${kind} ${role}`] ?? null, ids);
          const there = await ask('other', ids);
          const nowhere = await ask('other', Object.fromEntries(Object.keys(ids).map((key) => [key, NOWHERE])));
          const may = expectationOf(access, `member ${role}`) === 'admitted';
          const same = there.status === nowhere.status && there.text === nowhere.text;
          const hidden = same && (may ? there.status === 404 : there.status === 403 && there.code === 'forbidden');
          cells.push({
            route: name,
            access,
            role,
            kind,
            whose: 'other',
            status: there.status,
            code: there.code,
            fits: hidden,
          });
          // What changes nothing (and of which this team has one) is also asked by the team itself: or nobody would see that the ids are wrong.
          if (method !== 'get' || path.endsWith('{test_id}')) continue;
          const own = await ask('own', ids);
          const fits = may ? own.status < 400 || NOTHING_YET.includes(own.code ?? '') : own.status === 403;
          cells.push({ route: name, access, role, kind, whose: 'own', status: own.status, code: own.code, fits });
        }
      }
    }
  }
  return cells;
}

/** The object is there, and nothing is known of it yet. */
const NOTHING_YET = ['report_not_ready', 'nothing_to_compare', 'nothing_known'];

const NOWHERE = '01900000-0000-7000-8000-000000000000';

/** A run that a worker of the team has carried out, the worker, a token, an invitation, a member. */
async function makeObjects(
  call: <T>(method: string, path: string, body?: unknown, token?: string) => Promise<T>,
  team: string,
): Promise<Objects> {
  const { token: join } = await call<{ token: string }>('POST', '/api/v1/tokens', { kind: 'join', team });
  const machine = { hostname: 'of-the-own-team', capabilities: { browsers: [], platform: 'linux', max_parallel: 1 } };
  const worker = await call<{ worker_id: string; api_key: string }>('POST', '/api/v1/workers/register', machine, join);
  const asked = { name: 'secret run', team, project: 'secret project', total_shards: 2 };
  const run = await call<{ test_run_id: string }>('POST', '/api/v1/test-runs/create', asked);
  let taskId: string | null = null;
  while (taskId === null) {
    ({ task_id: taskId } = await call<{ task_id: string | null }>(
      'GET',
      '/api/v1/tasks/next',
      undefined,
      worker.api_key,
    ));
    if (taskId === null) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await call('POST', `/api/v1/tasks/${taskId}/claim`, undefined, worker.api_key);
  await call('POST', `/api/v1/tasks/${taskId}/start`, {}, worker.api_key);
  const token = await call<{ id: string }>('POST', '/api/v1/tokens', { kind: 'api', role: 'viewer', team });
  const invitation = await call<{ id: string }>('POST', '/api/v1/people/invitations', {
    email: 'new@example.com',
    role: 'viewer',
    team,
  });
  const { id: template } = await call<{ id: string }>('POST', '/api/v1/run-templates', {
    name: 'secret',
    team,
    options: {},
  });
  const { items } = await call<{ items: { person_id: string; role: string }[] }>(
    'GET',
    `/api/v1/teams/${team}/members`,
  );
  const member = items.find((one) => one.role === 'viewer')?.person_id ?? '';
  return {
    '/api/v1/test-runs/{id}': { id: run.test_run_id },
    '/api/v1/results/{test_run_id}': { test_run_id: run.test_run_id },
    '/api/v1/tasks/{id}': { id: taskId },
    '/api/v1/workers/{id}': { id: worker.worker_id },
    '/api/v1/tokens/{id}': { id: token.id },
    '/api/v1/people/invitations/{id}': { id: invitation.id },
    '/api/v1/people/{id}': { id: member },
    '/api/v1/teams/{id}/members/{person_id}': { id: team, person_id: member },
    '/api/v1/teams/{id}': { id: team },
    '/api/v1/run-templates/{id}': { id: template },
    '/api/v1/projects/{project}': { project: asked.project },
  };
}

/** null for paths whose objects belong to no team (blobs have tests of their own), or come into being when they are named (secrets). */
function objectsOf(path: string, objects: Objects): Record<string, string> | null {
  if (path.includes('/secrets')) return null;
  const fitting = Object.keys(objects).filter((beginning) => path.startsWith(beginning));
  return objects[fitting.sort((a, b) => b.length - a.length)[0] ?? ''] ?? null;
}

const fill = (path: string, ids: Record<string, string>): string =>
  path
    .replaceAll(/\{(\w+)\}/g, (all, name: string) => ids[name] ?? all)
    .replace('{format}', 'json')
    .replaceAll(/\{\w+\}/g, 'x');

/** What a change must hold to be looked at. */
function bodyFor(route: string): object | undefined {
  if (route.startsWith('GET') || route.startsWith('DELETE')) return undefined;
  if (route.includes('/members/')) return { role: 'viewer' };
  if (route.endsWith('/dependencies')) return { depends_on: [{ run: '1' }] };
  if (route.startsWith('PUT /api/v1/run-templates')) return { name: 'other', options: {} };
  if (route.endsWith('/screenshots/accept')) return { ids: ['x'] };
  return route === 'PATCH /api/v1/teams/{id}' ? { name: 'renamed' } : {};
}

async function answerOf(
  url: string,
  method: string,
  path: string,
  body: object | undefined,
  secret: string | null,
  ids: Record<string, string>,
): Promise<Answer> {
  const answer = await fetch(url + path, {
    method: method.toUpperCase(),
    redirect: 'manual',
    headers: { ...shown(url, secret), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const problem = answer.headers.get('content-type')?.startsWith('application/problem+json') === true;
  const { code = null, instance: _, ...told } = problem ? (JSON.parse(text) as { code: string; instance: string }) : {};
  const plain = Object.values({ ...ids, nowhere: NOWHERE }).reduce(
    (left, id) => left.replaceAll(id, 'ID'),
    JSON.stringify(told),
  );
  return { status: answer.status, code, text: plain };
}
