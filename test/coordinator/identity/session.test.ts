import { expect, test } from 'vitest';
import { startCoordinator, okJson, type TestCoordinator } from '../../support/coordinator.ts';
import { PASSWORD } from '../../support/people.ts';
import { raw } from '../http/serve.ts';

/** Makes an account with a fresh admin link as a browser does, and returns its cookie. */
async function logIn(coordinator: TestCoordinator): Promise<{ cookie: string; header: string }> {
  const { token } = await okJson<{ token: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'admin_link', name: 'browser' }),
  );
  const answer = await fetch(`${coordinator.url}/api/v1/auth/first-account`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, name: 'Kim', email: 'kim@example.com', password: PASSWORD }),
  });
  const header = answer.headers.get('set-cookie') ?? '';
  return { header, cookie: header.split(';')[0] ?? '' };
}

/** A raw request, because fetch does not let a program set Origin, Host and Sec-Fetch-Site. */
async function ask(
  coordinator: TestCoordinator,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<number> {
  const { port, host } = new URL(coordinator.url);
  const lines = Object.entries({ host, connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}`);
  const answer = await raw(Number(port), [`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`]);
  return Number(answer.slice(9, 12));
}

test('the session cookie is out of reach of scripts and other sites', async () => {
  const coordinator = await startCoordinator();
  const { header } = await logIn(coordinator);
  expect(header).toMatch(/^playfleet_session=pfs_[\w-]{43};/);
  expect(header).toMatch(/HttpOnly/);
  expect(header).toMatch(/SameSite=Strict/);
  expect(header).toMatch(/Path=\//);
});

test('a page of ours may read and change with the cookie', async () => {
  const coordinator = await startCoordinator();
  const { cookie } = await logIn(coordinator);
  expect(await ask(coordinator, 'GET', '/api/v1/auth/me', { cookie })).toBe(200);
  expect(await ask(coordinator, 'GET', '/api/v1/auth/me', { cookie, 'sec-fetch-site': 'same-origin' })).toBe(200);
  expect(await ask(coordinator, 'POST', '/api/v1/auth/logout', { cookie, origin: coordinator.url })).toBe(200);
  expect(await ask(coordinator, 'GET', '/api/v1/auth/me', { cookie })).toBe(401);
});

test('pages of other origins, the content origin among them, cannot use the cookie', async () => {
  const coordinator = await startCoordinator();
  const { cookie } = await logIn(coordinator);
  for (const origin of ['http://evil.example', coordinator.contentUrl, 'null', 'nonsense']) {
    expect(await ask(coordinator, 'POST', '/api/v1/auth/logout', { cookie, origin })).toBe(403);
  }
  expect(await ask(coordinator, 'POST', '/api/v1/auth/logout', { cookie })).toBe(403);
  for (const site of ['same-site', 'cross-site']) {
    expect(await ask(coordinator, 'GET', '/api/v1/auth/me', { cookie, 'sec-fetch-site': site })).toBe(401);
  }
  expect(await ask(coordinator, 'GET', '/api/v1/auth/me', { cookie })).toBe(200);
});

test('no answer allows other origins to read it', async () => {
  const coordinator = await startCoordinator();
  const answer = await fetch(`${coordinator.url}/api/v1/auth/me`, { headers: { origin: 'http://evil.example' } });
  expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
});

test('of two sessions in one request none counts: pages on other ports of this host can add cookies', async () => {
  const coordinator = await startCoordinator();
  const { cookie } = await logIn(coordinator);
  expect(await ask(coordinator, 'GET', '/api/v1/auth/me', { cookie })).toBe(200);
  const other = `playfleet_session=pfs_${'A'.repeat(43)}`;
  for (const both of [`${other}; ${cookie}`, `${cookie}; ${other}`, `${cookie}; ${cookie}`])
    expect(await ask(coordinator, 'GET', '/api/v1/auth/me', { cookie: both })).toBe(401);
});
