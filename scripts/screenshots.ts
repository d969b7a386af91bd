/**
 * `npm run screenshots`: pictures of each page of the dashboard, dark and light, on a desktop and a phone, in docs/images. A coordinator and two
 * workers run the sample suite for it: once as it should be, once with the shop's regressions, and once more while the pictures are taken.
 */
import { chromium, type Browser, type Page } from '@playwright/test';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { signIn } from '../test/bench/ui/clients.ts';
import { api, ended, Programs, root, sampleSuite, type Coordinator } from './programs.ts';

const FOLDER = path.join(root, 'docs/images/dashboard');
const MOST_BYTES = 3 * 1024 * 1024;
const QUALITY = 0.8;
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
/** Of the browser's own settings; the dashboard follows them. */
const SCHEMES = ['dark', 'light'] as const;

const work = await mkdtemp(path.join(os.tmpdir(), 'playfleet-screenshots-'));
const programs = new Programs();
let browser: Browser | null = null;
try {
  const coordinator = await programs.startCoordinator(path.join(work, 'coordinator'));
  for (const [name, slots] of Object.entries({ 'anna-laptop': 2, 'rack-1': 2 }))
    await programs.startWorker(coordinator, { name, slots, dataDir: path.join(work, name) });
  await run(coordinator, 'main · 4f2c81e');
  await run(coordinator, 'new-checkout · 91d07ab', ['--env', 'SHOP_FAIL=1']);
  const live = programs.startCli(coordinator, ['run', '--name', 'nightly', '--project', 'shop'], {
    cwd: sampleSuite,
    stdio: 'ignore',
  });
  await untilRunning(coordinator);

  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const account = await (await browser.newContext()).newPage();
  await signIn(coordinator, account.context());
  const storageState = await account.context().storageState();
  const pages = await addresses(coordinator);
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of SCHEMES) {
      const options = {
        viewport,
        colorScheme,
        storageState,
        locale: 'en-GB',
        isMobile: size === 'phone',
        hasTouch: size === 'phone',
      };
      const context = await browser.newContext({ ...options, reducedMotion: 'reduce' });
      const page = await context.newPage();
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(coordinator.url + address);
        await settled(page);
        await writeFile(
          path.join(FOLDER, `${name}-${size}-${colorScheme}.webp`),
          await toWebp(account, await page.screenshot()),
        );
      }
      await context.close();
    }
  }
  live.kill('SIGINT');
  await ended(live);
  const bytes = await sizeOf(FOLDER);
  const pictures = (await readdir(FOLDER)).length;
  console.log(`${pictures} pictures, ${(bytes / 2 ** 20).toFixed(2)} MB in ${path.relative(root, FOLDER)}`);
  const holds = bytes <= MOST_BYTES;
  console.log(JSON.stringify({ pictures, bytes, most_bytes: MOST_BYTES, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await browser?.close();
  await programs.stopAll();
  await rm(work, { recursive: true, force: true });
}

/** A whole run of the sample suite; one with regressions ends with failures. */
async function run(coordinator: Coordinator, name: string, args: string[] = []): Promise<void> {
  const options = { cwd: sampleSuite, stdio: 'ignore' as const };
  const code = await ended(
    programs.startCli(coordinator, ['run', '--name', name, '--project', 'shop', ...args], options),
  );
  if (code > 1) throw new Error(`the run "${name}" could not be carried out (exit code ${code})`);
}

async function untilRunning(coordinator: Coordinator): Promise<void> {
  for (;;) {
    const { items } = await api<{ items: { status: string; tests: { settled: number } }[] }>(
      coordinator,
      'GET',
      '/test-runs?limit=1',
    );
    if (items[0]?.status === 'running' && items[0].tests.settled > 10) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Of each page; the run with failures is the second, and its first failure the test that is shown. */
async function addresses(coordinator: Coordinator): Promise<Record<string, string>> {
  const { items: workers } = await api<{ items: { id: string }[] }>(coordinator, 'GET', '/workers');
  const { items: runs } = await api<{ items: { id: string; number: number }[] }>(coordinator, 'GET', '/test-runs');
  const failing = runs.find(({ number }) => number === 2);
  const good = runs.find(({ number }) => number === 1);
  if (!failing || !good) throw new Error('the runs are not there');
  const { items: tests } = await api<{ items: { test_id: string }[] }>(
    coordinator,
    'GET',
    `/test-runs/${failing.id}/tests?outcome=unexpected`,
  );
  const [failed] = tests;
  if (!failed) throw new Error('nothing failed in the run with regressions');
  return {
    overview: '/',
    launch: '/launch?project=shop',
    runs: '/runs',
    run: '/runs/2',
    timeline: '/runs/2?tab=schedule',
    test: `/runs/2/tests/${encodeURIComponent(failed.test_id)}`,
    compare: `/compare?now=${failing.number}&before=${good.number}`,
    workers: '/workers',
    worker: `/workers/${workers[0]?.id}`,
    analytics: '/analytics',
    logs: '/logs',
    settings: '/settings',
    people: '/people',
    audit: '/audit',
  };
}

/** Nothing is being loaded any more. */
async function settled(page: Page): Promise<void> {
  await page.locator('main h1').first().waitFor();
  // What has come may bring more that is to be loaded.
  for (let quiet = 0; quiet < 3; quiet++) {
    await page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))');
  }
  await page.evaluate('document.fonts.ready.then(() => null)');
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))');
}

/** A third of a PNG's size. Chromium itself makes it: `page` is any page. */
async function toWebp(page: Page, png: Buffer): Promise<Buffer> {
  const script = `(async () => {
    const image = await createImageBitmap(await (await fetch('data:image/png;base64,${png.toString('base64')}')).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext('2d').drawImage(image, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: ${QUALITY} })).arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  })()`;
  return Buffer.from(await page.evaluate<string>(script), 'base64');
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder);
  const sizes = await Promise.all(files.map(async (file) => (await stat(path.join(folder, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
