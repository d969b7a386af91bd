import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DASHBOARD_PAGES } from '../../../shared/model/pages.ts';
import { Vault } from '../../../src-main/desktop/keep/vault.ts';
import { Credentials } from '../../../src-main/desktop/page/credentials.ts';
import { createPages } from '../../../src-main/desktop/page/pages.ts';
import type { Target } from '../../../src-main/desktop/page/proxy.ts';
import { startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { makeAdmin, PASSWORD } from '../../support/people.ts';
import { DoubleElectron } from '../double/electron.ts';
import { createCipher } from '../../../src-main/desktop/electron/safe-storage.ts';

const DASHBOARD = path.resolve(import.meta.dirname, '../../../dist/dashboard');

interface Asking {
  ask: (at: string, init?: RequestInit, initiator?: string | null) => Promise<Response>;
  credentials: Credentials;
  vaultFile: string;
  reported: unknown[];
}

/** The app's pages for a coordinator, asked as Electron would. */
async function pagesFor(target: Target | null, safeStorage: 'good' | 'none' = 'good'): Promise<Asking> {
  const folder = tempFolder();
  const vaultFile = path.join(folder, 'secrets.json');
  const reported: unknown[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const { safeStorage: storage } = new DoubleElectron({ folder, safeStorage }).parts;
  const vault = await Vault.open({ file: vaultFile, cipher: createCipher(storage, 'linux'), inMemory: false, report });
  const credentials = new Credentials(vault, () => undefined);
  const contentOrigin = () => 'http://mill:4801';
  const pages = createPages({ dir: DASHBOARD, contentOrigin, target: () => target, credentials, report });
  const ask: Asking['ask'] = (at, init = {}, initiator = 'app://playfleet') => {
    const request: Request & { initiatorOrigin?: string } = new Request(`app://playfleet${at}`, init);
    if (initiator !== null) request.initiatorOrigin = initiator;
    return pages(request);
  };
  return { ask, credentials, vaultFile, reported };
}

const targetOf = ({ url, pin }: Pick<TestCoordinator, 'url' | 'pin'>): Target => ({ id: 'mill', url, pin });
const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** A server that answers as a hostile coordinator might. */
async function hostile(
  answer: (url: string) => [number, Record<string, string | string[]>, string],
): Promise<Target & { asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(JSON.stringify({ url: request.url, headers: request.headers }));
    const [status, headers, body] = answer(request.url ?? '');
    response.writeHead(status, headers).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { id: 'evil', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pin: null, asked };
}

describe('pages', () => {
  test('come from this package, with a policy that lets nothing else run and a nonce of their own', async () => {
    const { ask } = await pagesFor(null);
    const nonces = new Set<string>();
    for (const page of DASHBOARD_PAGES.filter((one) => !one.includes(':'))) {
      const answer = await ask(page, {}, null);
      expect(answer.status).toBe(200);
      const policy = answer.headers.get('content-security-policy') ?? '';
      const [, nonce] = /script-src 'self' 'nonce-([^']+)'/.exec(policy) ?? [];
      expect(await answer.text()).toContain(`nonce="${nonce}"`);
      nonces.add(nonce ?? '');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain('frame-src http://mill:4801');
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(nonces.size).toBe(DASHBOARD_PAGES.filter((one) => !one.includes(':')).length);
  });

  test('name files that are there', async () => {
    const { ask } = await pagesFor(null);
    const html = await (await ask('/', {}, null)).text();
    const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const answer = await ask(file);
      expect(answer.status).toBe(200);
      expect(new Uint8Array(await answer.arrayBuffer())).toEqual(
        new Uint8Array(readFileSync(path.join(DASHBOARD, file))),
      );
    }
  });

  test.each(['/assets/..%2f..%2fpackage.json', '/assets/%2e%2e/index.html', '/package.json', '/dist/main.mjs'])(
    'nothing else is there: %s',
    async (at) => expect((await (await pagesFor(null)).ask(at)).status).toBe(404),
  );

  test('signing in is a page of this package, too', async () => {
    const evil = await hostile(() => [
      200,
      { 'content-type': 'text/html' },
      '<script>window.playfleet.quit()</script>',
    ]);
    const { ask } = await pagesFor(evil);
    for (const page of ['/sign-in', '/account', '/welcome', '/invitation', '/reset-password']) {
      const answer = await ask(page, {}, null);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-security-policy')).toContain("script-src 'sha256-");
    }
    expect(evil.asked).toEqual([]);
  });
});

describe('the API', () => {
  test('is asked in the name of whoever signed in; the page never sees the session', async () => {
    const coordinator = await startCoordinator();
    await makeAdmin(coordinator);
    const { ask, credentials, vaultFile } = await pagesFor(targetOf(coordinator));
    expect((await ask('/api/v1/test-runs')).status).toBe(401);
    const signedIn = await ask('/api/v1/auth/sign-in', json('POST', { email: 'ada@example.com', password: PASSWORD }));
    expect(await signedIn.json()).toEqual({ step: 'done', ticket: null });
    expect(signedIn.headers.getSetCookie()).toEqual([]);
    expect(credentials.isSignedIn('mill')).toBe(true);
    expect(await (await ask('/api/v1/auth/me')).json()).toMatchObject({ kind: 'user', role: 'admin' });
    expect((await ask('/api/v1/test-runs')).headers.get('playfleet-event-id')).not.toBeNull();
    const made = await ask('/api/v1/tokens', json('POST', { kind: 'join' }));
    expect(made.status).toBe(201);
    expect(readFileSync(vaultFile, 'utf8')).not.toContain('playfleet_session');
    expect((await ask('/api/v1/auth/logout', { method: 'POST', headers: { 'idempotency-key': 'k1' } })).ok).toBe(true);
    expect(credentials.isSignedIn('mill')).toBe(false);
    expect((await ask('/api/v1/test-runs')).status).toBe(401);
  });

  test('is asked by a token where nobody signed in', async () => {
    const coordinator = await startCoordinator();
    const { ask, credentials } = await pagesFor(targetOf(coordinator));
    await credentials.setToken('mill', coordinator.adminToken);
    expect(await (await ask('/api/v1/auth/me')).json()).toMatchObject({ kind: 'user' });
  });

  test('is reached with the pin of its own certificate, and with no other', async () => {
    const coordinator = await startCoordinator({ tls: 'own' });
    const { ask, credentials } = await pagesFor(targetOf(coordinator));
    await credentials.setToken('mill', coordinator.adminToken);
    expect((await ask('/api/v1/auth/me')).status).toBe(200);
    const other = await pagesFor({ ...targetOf(coordinator), pin: `pfp_${'A'.repeat(43)}` });
    const answer = await other.ask('/api/v1/auth/me');
    expect([answer.status, await answer.json()]).toMatchObject([502, { code: 'wrong_certificate' }]);
    const trusting = await pagesFor({ ...targetOf(coordinator), pin: null });
    expect(await (await trusting.ask('/api/v1/auth/me')).json()).toMatchObject({ code: 'untrusted_certificate' });
  });

  test('streams events through as they come, and ends the request when the page goes away', async () => {
    const coordinator = await startCoordinator();
    const { ask, credentials } = await pagesFor(targetOf(coordinator));
    await credentials.setToken('mill', coordinator.adminToken);
    const answer = await ask('/api/v1/events/stream');
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = answer.body!.getReader();
    await coordinator.enrol('first');
    let text = '';
    while (!text.includes('worker.')) text += Buffer.from((await reader.read()).value ?? []).toString();
    const closed = (): number =>
      coordinator.log.filter(({ path: at, cut }) => at === '/api/v1/events/stream' && cut === true).length;
    expect(closed()).toBe(0);
    await reader.cancel();
    await expect.poll(closed).toBe(1);
  });

  test('that does not answer is told in words', async () => {
    const { ask } = await pagesFor({ id: 'gone', url: 'http://127.0.0.1:9', pin: null });
    const answer = await ask('/api/v1/test-runs');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([502, 'application/problem+json']);
    expect(await answer.json()).toMatchObject({
      code: 'unreachable',
      detail: expect.stringContaining('127.0.0.1:9 does not answer') as string,
    });
    expect(await (await (await pagesFor(null)).ask('/api/v1/test-runs')).json()).toMatchObject({
      code: 'no_coordinator',
    });
  });

  test('cannot bring code into the window', async () => {
    const evil = await hostile(() => [
      200,
      { 'content-type': 'text/html', 'content-security-policy': 'script-src *', refresh: '0;url=http://x' },
      '<script>1</script>',
    ]);
    const { ask } = await pagesFor(evil);
    const answer = await ask('/api/v1/test-runs');
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(answer.headers.get('refresh')).toBeNull();
  });

  test('leads nowhere else: a redirect would take the session along', async () => {
    const evil = await hostile(() => [302, { location: 'http://127.0.0.1:9/' }, '']);
    const { ask } = await pagesFor(evil);
    expect(await (await ask('/api/v1/test-runs')).json()).toMatchObject({ code: 'redirected' });
  });

  test('is not asked for frames with foreign code, and never with what they send', async () => {
    const evil = await hostile(() => [200, { 'content-type': 'application/json' }, '{}']);
    const { ask } = await pagesFor(evil);
    expect((await ask('/api/v1/test-runs', json('POST', {}), 'http://mill:4801')).status).toBe(403);
    expect((await ask('/api/v1/test-runs', {}, 'null')).status).toBe(403);
    expect((await ask('/api/v1/test-runs', json('POST', {}), null)).status).toBe(403);
    expect(evil.asked).toEqual([]);
    await ask('/api/v1/test-runs', { headers: { cookie: 'x=y', authorization: 'Bearer page' } });
    expect(evil.asked.join()).not.toMatch(/x=y|Bearer page/);
  });

  test('without a safe place for the session nobody is signed in, and is told why', async () => {
    const coordinator = await startCoordinator();
    await makeAdmin(coordinator);
    const { ask } = await pagesFor(targetOf(coordinator), 'none');
    const answer = await ask('/api/v1/auth/sign-in', json('POST', { email: 'ada@example.com', password: PASSWORD }));
    expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'no_safe_place' }]);
  });
});
