import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { dashboardAsset, dashboardPage } from '../../../coordinator/operations/pages/dashboard.ts';
import { createApp } from '../../../coordinator/http/router.ts';
import { DASHBOARD_PAGES } from '../../../shared/model/pages.ts';
import pino from 'pino';
import { systemClock } from '../../../shared/base/clock.ts';
import { createServer } from '../../../coordinator/http/server.ts';
import { expect, onTestFinished, test } from 'vitest';
import { startCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';

/** The dashboard as some build left it, served. */
async function serve(dir: string): Promise<string> {
  const log = pino({ level: 'silent' });
  const app = createApp({ log, clock: systemClock });
  const dashboard = { dir, contentOrigin: () => 'http://content.example:4801' };
  app.get('/', (c) => dashboardPage(c, dashboard));
  app.get('/assets/:file', (c) => dashboardAsset(c, dashboard));
  const server = await createServer({ fetch: app.fetch, host: '127.0.0.1', port: 0, log, clock: systemClock });
  onTestFinished(() => server.stop(0));
  return `http://127.0.0.1:${server.port}`;
}

test('every address of the dashboard is answered with its page, whose scripts carry a nonce of their own each time', async () => {
  const { url, contentUrl } = await startCoordinator();
  const seen = new Set<string>();
  for (const page of DASHBOARD_PAGES) {
    const answer = await fetch(url + page.replaceAll(/:\w+/g, 'x%20%2F1'));
    expect(answer.status, page).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    const policy = answer.headers.get('content-security-policy') ?? '';
    const nonce = /script-src 'self' 'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
    expect(policy).toContain(`img-src 'self' data: blob: ${contentUrl};`);
    const text = await answer.text();
    const scripts = text.match(/<script[^>]*>/g) ?? [];
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) expect(script).toContain(`nonce="${nonce}"`);
    seen.add(nonce);
  }
  expect(seen.size).toBe(DASHBOARD_PAGES.length);
  expect((await fetch(`${url}/runs`, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(`${url}/no-such-page`)).status).toBe(404);
});

test('the router of the dashboard knows just the pages that the coordinator answers', () => {
  const router = fileURLToPath(new URL('../../../src-renderer/app/router.tsx', import.meta.url));
  const paths = [...readFileSync(router, 'utf8').matchAll(/\bpath: '([^']+)'/g)].map(([, found]) =>
    found!.replaceAll('$', ':'),
  );
  expect(paths.sort()).toEqual([...DASHBOARD_PAGES].sort());
});

test('its files come compressed, are kept for ever, and are not sent twice', async () => {
  const { url } = await startCoordinator();
  const page = await (await fetch(url)).text();
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? '';
  const ask = (encoding: string, headers = {}) =>
    fetch(url + script, { headers: { 'accept-encoding': encoding, ...headers } });
  const plain = await ask('identity');
  expect(plain.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(plain.headers.get('vary')).toBe('accept-encoding');
  const text = await plain.text();
  for (const [accepted, encoding] of [
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
  ] as const) {
    const answer = await ask(accepted);
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    // fetch has unpacked it.
    expect(await answer.text()).toBe(text);
  }
  const etag = plain.headers.get('etag') ?? '';
  const again = await ask('br', { 'if-none-match': etag });
  expect(again.status).toBe(304);
  expect((await fetch(url + script, { method: 'HEAD' })).status).toBe(200);
});

test('what is beside a file is as the file, and nothing else of the machine can be had', async () => {
  const dir = path.join(tempFolder(), 'dashboard');
  await mkdir(path.join(dir, 'assets'), { recursive: true });
  await writeFile(path.join(dir, 'assets/a-1.js'), 'ours');
  await writeFile(path.join(dir, 'secret.js'), 'not ours');
  const url = await serve(dir);
  expect(await (await fetch(`${url}/assets/a-1.js`)).text()).toBe('ours');
  for (const name of ['..%2Fsecret.js', '%2e%2e/secret.js', 'a-2.js', 'a-1.js.map', '.js', 'a-1.js%00.css']) {
    const answer = await fetch(`${url}/assets/${name}`);
    expect(answer.status, name).toBe(404);
    expect(answer.headers.get('cache-control'), name).toBe('no-store');
  }
});

test('without a build it says what to do', async () => {
  const url = await serve(path.join(tempFolder(), 'nothing'));
  const answer = await fetch(url);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('npm run build');
});

test('the first load keeps to its budget', () => {
  const dist = fileURLToPath(new URL('../../../dist/dashboard', import.meta.url));
  const { first_load } = JSON.parse(readFileSync(path.join(dist, 'build.json'), 'utf8')) as {
    first_load: { js: number };
  };
  expect(first_load.js).toBeLessThan(200_000);
  const page = readFileSync(path.join(dist, 'index.html'), 'utf8');
  const script = path.join(dist, /src="\/(assets\/[^"]+\.js)"/.exec(page)?.[1] ?? '');
  const source = readFileSync(script, 'utf8');
  expect(brotliDecompressSync(readFileSync(`${script}.br`)).toString()).toBe(source);
  expect(gunzipSync(readFileSync(`${script}.gz`)).toString()).toBe(source);
});
