import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import yazl from 'yazl';
import { findBrowsers, type BrowserOptions } from '../../../src-main/agent/playwright/browsers.ts';
import { childEnvironment } from '../../../src-main/agent/playwright/env.ts';
import { resolvePlaywright } from '../../../src-main/agent/playwright/resolve-playwright.ts';
import { wrappersIn, writeWrapper } from '../../../src-main/agent/playwright/system-browser.ts';
import { discover, names, run, writeSuite } from './inline-suite.ts';
import { agentsUser } from '../../../src-main/agent/test-user.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-browsers-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A machine on which Playwright has installed nothing. */
async function bareMachine(
  overrides: Partial<BrowserOptions> = {},
  extraEnv: Record<string, string> = {},
): Promise<BrowserOptions> {
  const folder = await temporaryFolder();
  const base = { ...process.env, PLAYWRIGHT_BROWSERS_PATH: path.join(folder, 'ms-playwright'), ...extraEnv };
  return {
    playwright: resolvePlaywright(import.meta.dirname),
    user: agentsUser,
    dataDir: path.join(folder, 'data'),
    env: childEnvironment({ base, platform: process.platform }),
    install: [],
    allowSystemBrowser: false,
    onOutput: () => {},
    ...overrides,
  };
}

test("the system's Chromium serves where the owner allows it, and is proven only once", async () => {
  const options = await bareMachine({ allowSystemBrowser: true });
  const found = await findBrowsers(options);
  expect(found.browsers).toEqual({ chromium: { version: expect.stringMatching(/^\d+\./) as string, how: 'system' } });
  expect(found.missing.firefox).toMatch(
    /^firefox for Playwright [\d.]+: not installed; run `npx playwright@[\d.]+ install firefox`/,
  );
  expect(found.videoMissing).toBeNull();
  expect(found.missing.chromium).toBeUndefined();

  const proof = path.join(options.dataDir, 'browsers', options.playwright.version, 'found.json');
  const written = await stat(proof);
  expect(await findBrowsers(options)).toEqual(found);
  expect((await stat(proof)).mtimeMs).toBe(written.mtimeMs);

  // A stand-in that went away is replaced, not kept.
  const [wrapper = ''] = await wrappersIn(found.env.PLAYWRIGHT_BROWSERS_PATH ?? '', /^chromium/);
  await writeWrapper(wrapper, '/gone/chromium');
  await rm(proof);
  expect(await findBrowsers(options)).toEqual(found);
});

test('a page test runs on the stand-in, is filmed, and leaves nothing behind', async () => {
  const found = await findBrowsers(await bareMachine({ allowSystemBrowser: true }));
  const suite = await writeSuite({
    'playwright.config.ts': `export default { use: { video: 'on', screenshot: 'on' } }`,
    'page.spec.ts': `import { test, expect } from '@playwright/test';
      test('page', async ({ page }) => { await page.setContent('<h1>Hello</h1>'); await expect(page.locator('h1')).toHaveText('Hello'); });`,
  });
  const discovery = await discover(suite);
  expect(discovery.projects).toMatchObject([{ browser: 'chromium', channel: null }]);
  const done = await run(suite, { order: { kind: 'tests', testIds: [...names(discovery).keys()] }, env: found.env });
  expect(done.attempts).toMatchObject([{ status: 'passed', errors: [] }]);
  const attachments = done.attempts[0]?.attachments ?? [];
  expect(attachments.map((each) => each.contentType).sort()).toEqual(['image/png', 'video/webm']);
  for (const each of attachments) expect((await stat(each.path ?? '')).size).toBeGreaterThan(100);
  expect(done.end.left).toEqual([]);
  expect(done.end.peakMemoryBytes).toBeGreaterThan(200e6);
});

test('without leave to use it, the system browser does not count, and the mend is named', async () => {
  const found = await findBrowsers(await bareMachine());
  expect(found.browsers).toEqual({});
  expect(Object.keys(found.missing).sort()).toEqual(['chromium', 'firefox', 'webkit']);
  expect(found.env).toEqual({});
});

test('a browser that cannot be fetched is told with the reason, is not fetched again at once, and the system one serves', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = await bareMachine(
    { install: ['chromium', 'firefox'], allowSystemBrowser: true },
    { PLAYWRIGHT_DOWNLOAD_HOST: host },
  );
  const found = await findBrowsers(options);
  expect(asked).toBeGreaterThan(0);
  expect(found.missing.firefox).toMatch(/could not be fetched: Error: .*404/);
  expect(found.browsers.chromium?.how).toBe('system');
  asked = 0;
  expect(await findBrowsers(options)).toEqual(found);
  expect(asked).toBe(0);
});

test('a browser that a suite needs is fetched by its own Playwright and then proven', async () => {
  const served: string[] = [];
  const server = createServer((request, response) => {
    const name = request.url ?? '';
    served.push(name);
    void archiveFor(name).then((body) => response.writeHead(200, { 'content-length': body.length }).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let printed = '';
  const options = await bareMachine(
    { install: ['chromium'], onOutput: (text) => (printed += text) },
    { PLAYWRIGHT_DOWNLOAD_HOST: host },
  );
  const found = await findBrowsers(options);
  expect(served.join()).toContain('chrome-headless-shell');
  expect(printed).toContain('download');
  expect(found.browsers.chromium?.how).toBe('playwright');
  expect(found.env).toEqual({});
});

/** What a download server would send: an archive whose browser is the one of this machine. */
async function archiveFor(url: string): Promise<Buffer> {
  const folder = path.basename(url, '.zip');
  const zip = new yazl.ZipFile();
  const add = (name: string, program: string) =>
    zip.addBuffer(Buffer.from(`#!/bin/sh\nexec ${program} "$@"\n`), name, { mode: 0o100755 });
  if (url.includes('ffmpeg')) add('ffmpeg-linux', '/usr/bin/ffmpeg');
  else
    add(
      `${folder}/${folder.startsWith('chrome-headless') ? 'chrome-headless-shell' : 'chrome'}`,
      '/usr/bin/chromium --no-sandbox --disable-gpu',
    );
  zip.end();
  return buffer(zip.outputStream);
}
