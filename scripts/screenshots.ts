/**
 * `npm run screenshots`: pictures of each page of the dashboard, dark and light, on a desktop and a phone, in docs/images. A coordinator and two
 * workers run the sample suite for it: once as it should be, once with the shop's regressions, once on a machine that stands in for the coordinator,
 * and once more while the pictures are taken. `-- settings promoted`: only those whose name begins so; the others stay as they are.
 */
import { chromium, type Browser, type Page } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { OriginView } from '../shared/protocol/offline/journal.ts';
import { PERSON, signIn } from '../test/bench/ui/clients.ts';
import { DesktopDouble } from '../test/ui/support/desktop-double.ts';
import { letHoldCopy, StandIn, untilTrue } from '../test/ui/support/stand-in.ts';
import { Camera, type Scene } from './camera.ts';
import { api, ended, Programs, root, sampleSuite, stop, type Coordinator } from './programs.ts';

const MOST_BYTES = 4 * 1024 * 1024;
const LAPTOP = 'anna-laptop';

const wanted = process.argv.slice(2);
const isWanted = ({ name }: Scene): boolean => wanted.length === 0 || wanted.some((begins) => name.startsWith(begins));
const folder = path.join(root, 'docs/images/dashboard');

const work = await mkdtemp(path.join(os.tmpdir(), 'playfleet-screenshots-'));
const programs = new Programs();
let browser: Browser | null = null;
try {
  let central = await programs.startCoordinator(path.join(work, 'coordinator'));
  for (const [name, slots] of Object.entries({ [LAPTOP]: 2, 'rack-1': 2 }))
    await programs.startWorker(central, { name, slots, dataDir: path.join(work, name) });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const camera = await Camera.open(browser, folder);
  const photograph = async (scenes: Scene[]): Promise<void> => {
    for (const scene of scenes.filter(isWanted)) await camera.take(scene);
  };
  const account = await browser.newContext();
  await signIn(central, account);
  const storageState = await account.storageState();
  // Who signs in at the machine that stands in must be known when its copy is made.
  await letHoldCopy(central, LAPTOP, path.join(work, LAPTOP));
  await run(central, 'main · 4f2c81e');
  await run(central, 'new-checkout · 91d07ab', ['--env', 'SHOP_FAIL=1']);

  await stop(central.process);
  const standIn = await StandIn.promote(programs, path.join(work, LAPTOP));
  const guest = await standIn.context(browser, PERSON);
  await run(standIn.coordinator, 'On the train', ['--env', 'SHOP_FAIL=1']);
  await guest.request.put(`${standIn.url}/api/v1/settings`, {
    headers: { origin: standIn.url },
    data: { max_parallel_test_runs: 3 },
  });
  const there = { ignoreHTTPSErrors: true, storageState: await guest.storageState() };
  await photograph([
    { name: 'promoted', url: `${standIn.url}/`, options: there },
    { name: 'promoted-offline', url: `${standIn.url}/settings?tab=offline`, options: there },
  ]);
  central = await programs.startCoordinator(central.dataDir, { before: central });
  await api(central, 'PUT', '/settings', { max_parallel_test_runs: 12, backup_schedule: 'daily' });
  await untilTrue(
    () => api<{ items: OriginView[] }>(central, 'GET', '/origins'),
    ({ items }) => items.some(({ verified_at: at, conflicts }) => at !== null && conflicts > 0),
  );
  await photograph([{ name: 'promoted-home', url: `${standIn.url}/settings?tab=offline`, options: there }]);
  await guest.request.post(`${standIn.url}/api/v1/offline/demotion`, {
    headers: { origin: standIn.url },
    data: { now: false },
  });
  await standIn.ended();

  const live = programs.startCli(central, ['run', '--name', 'nightly', '--project', 'shop'], {
    cwd: sampleSuite,
    stdio: 'ignore',
  });
  await untilRunning(central);
  const here = { storageState };
  await photograph(
    Object.entries(await addresses(central)).map(([name, address]) => ({
      name,
      url: central.url + address,
      options: here,
    })),
  );
  await photograph(desktopScenes(central.url, here));
  live.kill('SIGINT');
  await ended(live);
  if (wanted.length === 0) await camera.removeOthers();
  const { pictures, bytes } = await camera.figures();
  console.log(`${pictures} pictures, ${(bytes / 2 ** 20).toFixed(2)} MB in ${path.relative(root, folder)}`);
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
  await untilTrue(
    () => api<{ items: { status: string; tests: { settled: number } }[] }>(coordinator, 'GET', '/test-runs?limit=1'),
    ({ items: [newest] }) => newest?.status === 'running' && newest.tests.settled > 10,
  );
}

/** Of each page; the run with failures is the second, and its first failure the test that is shown. */
async function addresses(coordinator: Coordinator): Promise<Record<string, string>> {
  const { items: workers } = await api<{ items: { id: string }[] }>(coordinator, 'GET', '/workers');
  const { items: runs } = await api<{ items: { id: string; number: number; name: string }[] }>(
    coordinator,
    'GET',
    '/test-runs',
  );
  const failing = runs.find(({ name }) => name.startsWith('new-checkout'));
  const good = runs.find(({ name }) => name.startsWith('main'));
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
    'settings-offline': '/settings?tab=offline',
    'settings-backups': '/settings?tab=backups',
    people: '/people',
    audit: '/audit',
  };
}

/** What only the desktop app shows: its own code answers the page, over a state as on a laptop. */
function desktopScenes(url: string, options: Scene['options']): Scene[] {
  const within = (isSetUp: boolean) => async (page: Page) => new DesktopDouble({ isSetUp }).attach(page);
  return [
    { name: 'this-computer', url: `${url}/this-computer`, options, before: within(true) },
    { name: 'setup', url: `${url}/setup`, options, before: within(false) },
  ];
}
