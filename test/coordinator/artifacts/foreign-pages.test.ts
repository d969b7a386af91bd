import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { signContent } from '../../../coordinator/artifacts/content-token.ts';
import { openDataKey } from '../../../coordinator/identity/data-key.ts';
import { canonicalTree, type TreeFile } from '../../../shared/protocol/tree.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { PASSWORD } from '../../support/people.ts';

const VIEWER = path.join(
  path.dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')),
  'lib/vite/traceViewer',
);

async function openBrowser(): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  onTestFinished(() => browser.close());
  return browser;
}

async function put(coordinator: TestCoordinator, bytes: Buffer): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const headers = { authorization: `Bearer ${coordinator.adminToken}` };
  await okJson(
    await fetch(`${coordinator.url}/api/v1/blobs/${sha256}`, { method: 'PUT', body: new Uint8Array(bytes), headers }),
  );
  return sha256;
}

/** Address of a stored tree on the content origin. */
async function publish(coordinator: TestCoordinator, files: Record<string, Buffer>): Promise<string> {
  const entries: TreeFile[] = [];
  for (const [name, bytes] of Object.entries(files)) {
    entries.push({ path: name, mode: 'file', sha256: await put(coordinator, bytes), size: bytes.length });
  }
  const tree = await put(coordinator, Buffer.from(canonicalTree(entries)));
  const key = (await openDataKey(path.join(coordinator.dataDir, 'secret.key'))).derive('content links');
  return `${coordinator.contentUrl}/c/${signContent({ sha256: tree, expiresAt: Date.now() + 600_000 }, key)}`;
}

async function recordTrace(page: Page): Promise<Buffer> {
  const file = path.join(tempFolder(), 'trace.zip');
  await page.context().tracing.start({ screenshots: true, snapshots: true });
  await page.setContent('<button>Buy the fern</button>');
  await page.getByRole('button').click();
  await page.context().tracing.stop({ path: file });
  return readFileSync(file);
}

test('the trace viewer, with its service worker, opens a trace from the content origin', async () => {
  const coordinator = await startCoordinator();
  const browser = await openBrowser();
  const page = await browser.newPage();
  const files: Record<string, Buffer> = { 'data/trace.zip': await recordTrace(page) };
  for (const entry of readdirSync(VIEWER, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files[`trace/${path.relative(VIEWER, file).replaceAll(path.sep, '/')}`] = readFileSync(file);
  }
  const base = await publish(coordinator, files);
  await page.goto(`${base}/trace/index.html?trace=${encodeURIComponent(`${base}/data/trace.zip`)}`);
  await page.getByText('Click').first().waitFor();
  expect(await page.title()).toContain('Playwright Trace Viewer');
});

test('a hostile report can neither read nor change anything with the session of who looks at it', async () => {
  const coordinator = await startCoordinator();
  const browser = await openBrowser();
  const page = await browser.newPage();
  const { link } = await okJson<{ link: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'admin_link' }),
  );
  await page.goto(link);
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.waitForURL(`${coordinator.url}/`);
  const base = await publish(coordinator, {
    'index.html': Buffer.from('<script>document.title = "ran"</script><h1>report</h1>'),
  });
  await page.goto(`${base}/index.html`);
  expect(await page.title()).toBe('ran');
  const tried = await page.evaluate(async (api) => {
    const attempt = async (init: RequestInit, address: string) => {
      try {
        const answer = await fetch(api + address, { credentials: 'include', ...init });
        return `${answer.type} ${answer.status}`;
      } catch {
        return 'blocked';
      }
    };
    const { cookie } = (globalThis as unknown as { document: { cookie: string } }).document;
    return {
      cookie,
      read: await attempt({}, '/api/v1/tokens'),
      change: await attempt({ method: 'POST', mode: 'no-cors' }, '/api/v1/auth/logout'),
    };
  }, coordinator.url);
  expect(tried).toEqual({ cookie: '', read: 'blocked', change: 'blocked' });
  expect(coordinator.log.filter((line) => line.path === '/api/v1/auth/logout')).toEqual([]);
  await page.goto(coordinator.url);
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
});
