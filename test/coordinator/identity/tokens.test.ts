import { expect, test } from 'vitest';
import { hashSecret } from '../../../coordinator/identity/secrets.ts';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Token } from '../../../shared/protocol/rest/tokens.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

interface Made extends Token {
  token: string;
  link: string | null;
}

const make = async (coordinator: TestCoordinator, body: object) =>
  okJson<Made>(await coordinator.request('POST', '/api/v1/tokens', body));

const asBearer = (token: string) => ({ authorization: `Bearer ${token}` });

const exchange = (url: string, token: string) =>
  fetch(`${url}/api/v1/auth/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });

test('the first start of a data folder shows an admin link and a join token, further ones do not', async () => {
  const first = await startCoordinator();
  expect(first.first?.adminLink).toMatch(new RegExp(`^${first.url}/welcome#token=pfa_[\\w-]{43}$`));
  expect(first.first?.join).toMatch(new RegExp(`^${first.url}#pfj_[\\w-]{43}$`));
  await first.stop();
  const second = await startCoordinator({ again: first });
  expect(second.first).toBeNull();
  expect((await second.request('GET', '/api/v1/auth/me')).status).toBe(200);
});

test('secrets are nowhere in the data folder, only their hashes are', async () => {
  const coordinator = await startCoordinator();
  const { apiKey } = await coordinator.enrol('w1');
  const made = await make(coordinator, { kind: 'api', name: 'ci' });
  await coordinator.stop();
  const files = readdirSync(coordinator.dataDir, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const bytes = Buffer.concat(files.map((entry) => readFileSync(path.join(entry.parentPath, entry.name))));
  for (const secret of [apiKey, made.token, coordinator.adminToken]) {
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(hashSecret(secret))).toBe(true);
  }
  expect(JSON.stringify(coordinator.log)).not.toMatch(/pf[ajtw]_/);
});

test('of 20 registrations at once with one join token exactly one gets in', async () => {
  const coordinator = await startCoordinator();
  const token = await coordinator.joinToken();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      coordinator.request(
        'POST',
        '/api/v1/workers/register',
        { hostname: `worker-${n}`, capabilities: { browsers: [], platform: 'linux' } },
        asBearer(token),
      ),
    ),
  );
  expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
  const refused = answers.filter((answer) => answer.status === 401);
  expect(refused).toHaveLength(19);
  expect(((await refused[0]?.json()) as Problem).detail).toMatch(
    /already used, for worker-\d+\. It works once\. Make a new one: playfleet token create --join/,
  );
  const { items } = await okJson<{ items: unknown[] }>(await coordinator.request('GET', '/api/v1/workers'));
  expect(items).toHaveLength(1);
});

test('of 20 exchanges at once of one admin link exactly one gets a token', async () => {
  const coordinator = await startCoordinator();
  const link = await make(coordinator, { kind: 'admin_link', name: 'for Kim' });
  expect(link.link).toBe(`${coordinator.url}/welcome#token=${link.token}`);
  const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(coordinator.url, link.token)));
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, ...Array<number>(19).fill(401)]);
});

test('a registration that is refused does not use up its token', async () => {
  const coordinator = await startCoordinator();
  await coordinator.enrol('taken');
  const token = await coordinator.joinToken();
  const register = (hostname: string, platform = 'linux') =>
    coordinator.request(
      'POST',
      '/api/v1/workers/register',
      { hostname, capabilities: { browsers: [], platform } },
      asBearer(token),
    );
  expect((await register('taken')).status).toBe(409);
  expect((await register('w2', 'amiga')).status).toBe(422);
  expect((await register('w2')).status).toBe(201);
});

test('tokens open only what they are for', async () => {
  const coordinator = await startCoordinator();
  const join = await make(coordinator, { kind: 'join' });
  const link = await make(coordinator, { kind: 'admin_link' });
  const { apiKey } = await coordinator.enrol('w1');
  for (const secret of [join.token, link.token, 'pft_wrong', `pft_${'A'.repeat(43)}`, '', 'x y']) {
    const answer = await coordinator.request('GET', '/api/v1/workers', undefined, asBearer(secret));
    expect(answer.status).toBe(401);
  }
  expect((await coordinator.request('GET', '/api/v1/workers', undefined, asBearer(apiKey))).status).toBe(403);
  expect((await coordinator.request('GET', '/api/v1/tasks/next')).status).toBe(403);
  for (const secret of [link.token, coordinator.adminToken, apiKey]) {
    const body = { hostname: 'w9', capabilities: { browsers: [], platform: 'linux' } };
    expect((await coordinator.request('POST', '/api/v1/workers/register', body, asBearer(secret))).status).toBe(401);
  }
  expect((await exchange(coordinator.url, join.token)).status).toBe(401);
  expect((await exchange(coordinator.url, coordinator.adminToken)).status).toBe(401);
});

test('X-API-Key works as Bearer does', async () => {
  const { url, adminToken } = await startCoordinator();
  const answer = await fetch(`${url}/api/v1/auth/me`, { headers: { 'x-api-key': adminToken } });
  expect(await answer.json()).toMatchObject({ kind: 'user', name: 'test admin' });
});

test('a revoked token is refused at once, even while it is in use, and after a restart', async () => {
  const first = await startCoordinator();
  const made = await make(first, { kind: 'api', name: 'ci' });
  const asCi = () => first.request('GET', '/api/v1/auth/me', undefined, asBearer(made.token));
  expect((await asCi()).status).toBe(200);
  expect((await first.request('DELETE', `/api/v1/tokens/${made.id}`)).status).toBe(200);
  expect((await asCi()).status).toBe(401);
  const { items } = await okJson<{ items: Token[] }>(await first.request('GET', '/api/v1/tokens'));
  expect(items.find((item) => item.id === made.id)).toMatchObject({
    state: 'revoked',
    name: 'ci',
    created_by: 'test admin',
  });
  expect((await first.request('DELETE', '/api/v1/tokens/nobody')).status).toBe(404);
  await first.stop();
  const second = await startCoordinator({ again: first });
  expect((await second.request('GET', '/api/v1/auth/me', undefined, asBearer(made.token))).status).toBe(401);
});

test('lives of tokens are bounded by their kind', async () => {
  const coordinator = await startCoordinator();
  const answer = await coordinator.request('POST', '/api/v1/tokens', { kind: 'join', expires_in_seconds: 86_401 });
  expect(answer.status).toBe(422);
  expect(((await answer.json()) as Problem).errors).toEqual([
    { field: 'expires_in_seconds', message: 'may be at most 86400 for join' },
  ]);
  const join = await make(coordinator, { kind: 'join' });
  expect(Date.parse(join.expires_at ?? '') - Date.parse(join.created_at)).toBe(3_600_000);
  expect((await make(coordinator, { kind: 'api' })).expires_at).toBeNull();
});

test('tokens are listed page by page, newest first, without secrets', async () => {
  const coordinator = await startCoordinator();
  const made: string[] = [];
  for (const name of ['a', 'b', 'c']) made.unshift((await make(coordinator, { kind: 'api', name })).id);
  const first = await okJson<{ items: Token[]; next_cursor: string }>(
    await coordinator.request('GET', '/api/v1/tokens?limit=2'),
  );
  const rest = await okJson<{ items: Token[]; next_cursor: string | null }>(
    await coordinator.request('GET', `/api/v1/tokens?limit=100&cursor=${first.next_cursor}`),
  );
  expect([...first.items, ...rest.items].map((item) => item.id).slice(0, 3)).toEqual(made);
  expect(rest.next_cursor).toBeNull();
  expect(JSON.stringify([first, rest])).not.toMatch(/pf[ajt]_|hash/);
  expect((await coordinator.request('GET', '/api/v1/tokens?cursor=nonsense')).status).toBe(422);
});

test('a token is a runner unless more is asked for, and says so', async () => {
  const coordinator = await startCoordinator();
  const ci = await make(coordinator, { kind: 'api', name: 'ci' });
  expect(ci).toMatchObject({ role: 'runner' });
  expect(await make(coordinator, { kind: 'join' })).toMatchObject({ role: null });
  const me = await coordinator.request('GET', '/api/v1/auth/me', undefined, asBearer(ci.token));
  expect(await me.json()).toMatchObject({ kind: 'user', name: 'ci', role: 'runner' });
  const refused = await coordinator.request('POST', '/api/v1/tokens', { kind: 'join', role: 'admin' });
  expect(refused.status).toBe(422);
});

test('nobody makes or revokes a token that may do more than they may', async () => {
  const coordinator = await startCoordinator();
  const maintainer = asBearer((await make(coordinator, { kind: 'api', role: 'maintainer' })).token);
  const ask = (body: object) => coordinator.request('POST', '/api/v1/tokens', body, maintainer);
  for (const body of [{ kind: 'admin_link' }, { kind: 'api', role: 'admin' }]) {
    const answer = await ask(body);
    expect(answer.status).toBe(403);
    expect(((await answer.json()) as Problem).detail).toContain('Your role is maintainer');
  }
  for (const body of [{ kind: 'join' }, { kind: 'api' }, { kind: 'api', role: 'maintainer' }]) {
    expect((await ask(body)).status).toBe(201);
  }
  const admin = await make(coordinator, { kind: 'api', role: 'admin' });
  const link = await make(coordinator, { kind: 'admin_link' });
  for (const { id } of [admin, link]) {
    expect((await coordinator.request('DELETE', `/api/v1/tokens/${id}`, undefined, maintainer)).status).toBe(403);
  }
  const still = await coordinator.request('GET', '/api/v1/auth/me', undefined, asBearer(admin.token));
  expect(still.status).toBe(200);
});

test('who lost every way in gets a new one by starting the coordinator, and only then', async () => {
  const first = await startCoordinator({ newAdminLink: true });
  expect(first.newAdminLink).toBeNull();
  await first.stop();
  const plain = await startCoordinator({ again: first });
  expect(plain.newAdminLink).toBeNull();
  await plain.stop();
  const asked = await startCoordinator({ again: first, newAdminLink: true });
  const secret = asked.newAdminLink?.split('#token=')[1] ?? '';
  const answer = await exchange(asked.url, secret);
  const { token } = await okJson<{ token: string }>(answer);
  const log = await okJson<{ items: { action: string; actor: string }[] }>(
    await asked.request('GET', '/api/v1/audit', undefined, asBearer(token)),
  );
  expect(log.items.slice(0, 2)).toMatchObject([
    { action: 'session.opened' },
    { action: 'token.created', actor: 'system' },
  ]);
  expect((await exchange(asked.url, secret)).status).toBe(401);
});
