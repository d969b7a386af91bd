import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { readContentToken, signContent } from '../../../coordinator/artifacts/content-token.ts';
import { openDataKey } from '../../../coordinator/identity/data-key.ts';
import { canonicalTree, type TreeFile } from '../../../shared/protocol/tree.ts';
import path from 'node:path';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { raw } from '../http/serve.ts';

const hashOf = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

async function put(coordinator: TestCoordinator, content: string): Promise<string> {
  const sha256 = hashOf(content);
  const answer = await fetch(`${coordinator.url}/api/v1/blobs/${sha256}`, {
    method: 'PUT',
    body: content,
    headers: { authorization: `Bearer ${coordinator.adminToken}` },
  });
  await okJson(answer);
  return sha256;
}

/** A stored tree, and the address of its files on the content origin. */
async function publish(coordinator: TestCoordinator, files: Record<string, string>, lifeMs = 60_000) {
  const entries: TreeFile[] = [];
  for (const [name, content] of Object.entries(files)) {
    entries.push({
      path: name,
      mode: 'file',
      sha256: await put(coordinator, content),
      size: Buffer.byteLength(content),
    });
  }
  const tree = await put(coordinator, canonicalTree(entries));
  const key = (await openDataKey(path.join(coordinator.dataDir, 'secret.key'))).derive('content links');
  const token = signContent({ sha256: tree, expiresAt: Date.now() + lifeMs }, key);
  return { tree, key, token, base: `${coordinator.contentUrl}/c/${token}` };
}

test('files of a tree are served with their types, and kept apart from the API', async () => {
  const coordinator = await startCoordinator();
  const { base } = await publish(coordinator, {
    'index.html': '<h1>report</h1>',
    'trace/sw.bundle.js': 'self.skipWaiting()',
    'data/ü x.txt': 'text',
    'data/unknown.xyz': 'bytes',
  });
  const index = await fetch(`${base}/`);
  expect([index.status, await index.text()]).toEqual([200, '<h1>report</h1>']);
  expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(index.headers.get('x-content-type-options')).toBe('nosniff');
  expect(index.headers.get('referrer-policy')).toBe('no-referrer');
  expect(index.headers.get('set-cookie')).toBeNull();
  expect((await fetch(`${base}/trace/sw.bundle.js`)).headers.get('content-type')).toMatch(/^text\/javascript/);
  expect(await (await fetch(`${base}/data/${encodeURIComponent('ü x.txt')}`)).text()).toBe('text');
  expect((await fetch(`${base}/data/unknown.xyz`)).headers.get('content-type')).toBe('application/octet-stream');
  expect((await fetch(`${base}/data/unknown.xyz`, { headers: { range: 'bytes=1-2' } })).status).toBe(206);
  // Neither origin answers for the other.
  for (const address of ['/api/v1/workers', '/healthz', '/', '/api/v1/openapi.json']) {
    expect((await fetch(coordinator.contentUrl + address)).status).toBe(404);
  }
  expect((await fetch(base.replace(coordinator.contentUrl, coordinator.url))).status).toBe(404);
});

test("what tests have attached runs as an origin of its own, or is saved; Playwright's own files are not", async () => {
  const coordinator = await startCoordinator();
  const names = ['index.html', 'trace/index.html', 'trace/sw.bundle.js', 'trace/x.css', 'data/a.html', 'data/a.svg'];
  const saved = ['data/a.js', 'data/a.css', 'data/a.xml', 'data/a.pdf', 'data/a.zip', 'other/trace/sw.bundle.js'];
  const files = [...names, ...saved, 'data/a.png', 'data/a.txt'];
  const { base } = await publish(coordinator, Object.fromEntries(files.map((name) => [name, name])));
  const read = async (name: string) => {
    const { headers } = await fetch(`${base}/${name}`);
    const get = (header: string) => headers.get(header) ?? '';
    expect(get('cross-origin-resource-policy')).toBe('same-site');
    expect(get('cross-origin-opener-policy')).toBe('same-origin');
    expect(get('content-security-policy')).toContain("frame-ancestors 'self'");
    return {
      sandboxed: get('content-security-policy').startsWith('sandbox allow-scripts;'),
      saved: get('content-disposition').startsWith('attachment'),
      type: get('content-type'),
    };
  };
  for (const name of names.slice(0, 4)) expect(await read(name)).toMatchObject({ sandboxed: false, saved: false });
  for (const name of [...names.slice(4), 'data/a.png', 'data/a.txt'])
    expect(await read(name)).toMatchObject({ sandboxed: true, saved: false });
  for (const name of saved)
    expect(await read(name)).toEqual({ sandboxed: true, saved: true, type: 'application/octet-stream' });
});

test('only the trace viewer may have a service worker: others could see which reports are open', async () => {
  const coordinator = await startCoordinator();
  const { base } = await publish(coordinator, {
    'trace/sw.bundle.js': 'viewer',
    'data/a.js': 'evil',
    'index.html': 'x',
  });
  const asWorker = async (name: string) =>
    (await fetch(`${base}/${name}`, { headers: { 'service-worker': 'script' } })).status;
  expect(await asWorker('trace/sw.bundle.js')).toBe(200);
  for (const name of ['data/a.js', 'index.html', 'data/../data/a.js']) expect(await asWorker(name)).toBe(403);
});

test('who asks the content origin too often is told when to come back', async () => {
  const coordinator = await startCoordinator();
  const { base } = await publish(coordinator, { 'index.html': 'x' });
  await okJson(await coordinator.request('PUT', '/api/v1/settings', { rate_limit_anonymous_per_minute: 10 }));
  const answers = await Promise.all(Array.from({ length: 12 }, () => fetch(`${base}/index.html`)));
  const refused = answers.find(({ status }) => status === 429);
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('no spelling of a path leads out of the tree', async () => {
  const coordinator = await startCoordinator();
  const { token } = await publish(coordinator, { 'index.html': 'report' });
  const { port } = new URL(coordinator.contentUrl);
  const spellings = [
    '../../secret.key',
    '..%2f..%2fsecret.key',
    '%2e%2e/%2e%2e/secret.key',
    '..%5c..%5csecret.key',
    '%252e%252e%252fsecret.key',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    'index.html%00',
    'index.html/',
    '__proto__',
    'constructor',
    '%ff',
  ];
  for (const spelling of spellings) {
    const answer = await raw(Number(port), [
      `GET /c/${token}/${spelling} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    ]);
    expect(answer, spelling).toMatch(/^HTTP\/1\.1 (400|404)/);
  }
});

test('a link that was changed, made with another key, or is over opens nothing', async () => {
  const coordinator = await startCoordinator();
  const { base, token, tree } = await publish(coordinator, { 'index.html': 'report' });
  expect((await fetch(`${base}/index.html`)).status).toBe(200);
  const [hash = '', expiry = '', signature = ''] = token.split('.');
  const other = signContent({ sha256: tree, expiresAt: Date.now() + 60_000 }, new Uint8Array(32));
  const changed = [
    `${hash}.${expiry}z.${signature}`,
    `${'0'.repeat(64)}.${expiry}.${signature}`,
    `${hash}.${expiry}.${signature.slice(0, -2)}AA`,
    `${hash}.${expiry}`,
    other,
    'x',
  ];
  for (const text of changed) expect((await fetch(`${coordinator.contentUrl}/c/${text}/index.html`)).status).toBe(403);
  const over = await publish(coordinator, { 'index.html': 'report' }, -1);
  expect((await fetch(`${over.base}/index.html`)).status).toBe(403);
});

test('a link counts to the millisecond of its end, for its tree only', () => {
  const key = new Uint8Array(32).fill(7);
  const claim = { sha256: 'a'.repeat(64), expiresAt: 1_000_000 };
  const token = signContent(claim, key);
  expect(readContentToken(token, key, 999_999)).toEqual(claim);
  expect(readContentToken(token, key, 1_000_000)).toBeNull();
});

test('the token of a link is not in the log', async () => {
  const coordinator = await startCoordinator();
  const { base, token } = await publish(coordinator, { 'index.html': 'report' });
  await (await fetch(`${base}/index.html`)).text();
  await expect.poll(() => coordinator.log.some((line) => String(line.path).startsWith('/c/'))).toBe(true);
  expect(JSON.stringify(coordinator.log)).not.toContain(token);
});
