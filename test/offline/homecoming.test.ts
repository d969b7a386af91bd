/** Central is back: what a promoted coordinator did is brought home once, shown, verified. Real coordinators over HTTP, in this process. */
import { expect, onTestFinished, test, vi } from 'vitest';
import pino from 'pino';
import { systemClock } from '../../shared/base/clock.ts';
import type { OriginView } from '../../shared/protocol/offline/journal.ts';
import type { OfflineState } from '../../shared/protocol/offline/promotion.ts';
import type { Conflict } from '../../shared/protocol/rest/origins.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { CopyKeeper } from '../../src-main/agent/offline/copy-keeper.ts';
import { placesIn } from '../../src-main/agent/offline/places.ts';
import { parseLink } from '../../src-main/cli/credentials.ts';
import { promote } from '../../src-main/cli/promotion/promote.ts';
import { captureLog } from '../agent/support.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../support/coordinator.ts';
import { tempFolder } from '../support/folders.ts';
import { LinkWorker } from '../support/link-worker.ts';
import { runSuite } from '../support/suite-runs.ts';
import { askWith, type Ask } from './support.ts';

vi.setConfig({ testTimeout: 400_000 });

/** A machine that holds a copy of central; `promote` needs nothing else of it. */
async function machineWithCopy(central: TestCoordinator, name: string) {
  const { workerId, apiKey } = await central.enrol(name);
  await okJson(await central.request('PUT', `/api/v1/workers/${workerId}/warm-copy`, { permit: 'yes' }));
  const link = new LinkWorker(central.url, workerId, apiKey, { protocol: 5 });
  await link.connect();
  const told = await link.next('offline');
  link.drop();
  const own = tempFolder();
  const places = placesIn(own);
  const keeper = new CopyKeeper({
    places,
    keys: { given: null, file: places.copyKey },
    key: { url: central.url, pin: null, workerId, name, apiKey },
    copySecrets: false,
    runsAsOther: false,
    clock: systemClock,
    random: () => 0.5,
    log: captureLog().log,
  });
  keeper.learn(told);
  await keeper.refresh();
  await keeper.close();
  return { own, workerId, apiKey };
}

async function standIn({ own, workerId, apiKey }: Awaited<ReturnType<typeof machineWithCopy>>, host: string) {
  const { running } = await promote({
    worker: { own, runAs: null, copyKeyFile: null, copyKey: null },
    serve: { host, port: 0, contentPort: 0, logLevel: 'silent' },
    mayOpenSecrets: () => Promise.resolve(false),
    now: Date.now(),
    log: pino({ level: 'silent' }),
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= running.stop());
  onTestFinished(stop);
  const { url } = running;
  const pin = running.pin ?? '';
  const { token } = parseLink(running.first?.adminLink ?? running.newAdminLink ?? '', 'link');
  const nobody = askWith({ url, pin, token: null });
  const made = await okJson<{ token: string }>(await nobody('POST', '/api/v1/auth/exchange', { token, name: 'test' }));
  const ask = askWith({ url, pin, token: made.token });
  const worker = new LinkWorker(url, workerId, apiKey, { pin, protocol: 1 });
  await worker.connect();
  return { running, ask, worker, stop };
}

async function startCentral() {
  const central = await startCoordinator();
  const port = Number(new URL(central.url).port);
  const request = askWith({ url: central.url, token: central.adminToken, pin: null });
  const comeBack = async () => {
    await startCoordinator({ again: central, port });
    return { request };
  };
  return { central: { ...central, request }, comeBack };
}

const suite = { adds: {}, fails: { ends: 'failed' } } as const;
const runsOf = async (ask: Ask): Promise<Run[]> =>
  (await okJson<{ items: Run[] }>(await ask('GET', '/api/v1/test-runs?limit=100'))).items;
const homecomingOf = async (ask: Ask) =>
  (await okJson<OfflineState>(await ask('GET', '/api/v1/offline'))).promotion?.homecoming;
const originsOf = async (ask: Ask): Promise<OriginView[]> =>
  (await okJson<{ items: OriginView[] }>(await ask('GET', '/api/v1/origins'))).items.filter(({ own }) => !own);

test('what was done comes home whole, once, under its own numbers; workers are sent home when both sides have the same', async () => {
  const { central, comeBack } = await startCentral();
  const machine = await machineWithCopy(central, 'laptop');
  const before = new LinkWorker(central.url, machine.workerId, machine.apiKey, {});
  await before.connect();
  const first = await runSuite(central, before, suite);
  before.drop();
  await central.stop();

  const promoted = await standIn(machine, '127.0.0.2');
  const away = await runSuite({ request: promoted.ask }, promoted.worker, suite, { name: 'on the train' });
  expect(away.number).toBeGreaterThan(1_000_000);
  await expect
    .poll(() => homecomingOf(promoted.ask), { timeout: 60_000 })
    .toMatchObject({ state: 'unreachable', runs_to_bring: 1 });

  const again = await comeBack();
  await expect
    .poll(() => homecomingOf(promoted.ask), { timeout: 180_000 })
    .toMatchObject({ state: 'verified', runs_to_bring: 0, detail: null });
  await okJson(await promoted.ask('POST', '/api/v1/offline/demotion', {}));
  const home = await promoted.running.broughtHome;
  expect(home).toMatchObject({ conflicts: 0, counts: { run: 1, test: 2 } });
  expect(home.hash).toMatch(/^[0-9a-f]{64}$/);
  await expect.poll(() => promoted.worker.closed.map(({ code }) => code)).toEqual([4410]);
  await promoted.stop();

  const runs = await runsOf(again.request);
  expect(runs.map(({ id }) => id).sort()).toEqual([first.id, away.id].sort());
  expect(runs.find(({ id }) => id === away.id)).toMatchObject({
    number: away.number,
    name: 'on the train',
    status: away.status,
    outcome: 'failed',
    tests: { total: 2, expected: 1, unexpected: 1 },
  });
  expect(await originsOf(again.request)).toMatchObject([{ name: 'laptop', runs: 1, conflicts: 0 }]);
});

test('two promotions at once stay two origins; what both sides changed is kept, listed and decided by people', async () => {
  const { central, comeBack } = await startCentral();
  const [north, south] = [await machineWithCopy(central, 'north'), await machineWithCopy(central, 'south')];
  await central.stop();
  const [a, b] = [await standIn(north, '127.0.0.2'), await standIn(south, '127.0.0.3')];
  const one = await runSuite({ request: a.ask }, a.worker, suite, { name: 'north' });
  const two = await runSuite({ request: b.ask }, b.worker, suite, { name: 'south' });
  await okJson(await a.ask('PUT', '/api/v1/settings', { max_parallel_test_runs: 3 }));
  const again = await comeBack();
  await okJson(await again.request('PUT', '/api/v1/settings', { max_parallel_test_runs: 5 }));
  for (const each of [a, b]) {
    await okJson(await each.ask('POST', '/api/v1/offline/demotion', {}));
    await each.running.broughtHome;
  }
  expect((await runsOf(again.request)).map(({ id }) => id).sort()).toEqual([one.id, two.id].sort());
  const origins = await originsOf(again.request);
  expect(origins.map(({ name, runs }) => `${name} ${runs}`).sort()).toEqual(['north 1', 'south 1']);
  const valueNow = async () =>
    (
      await okJson<{ items: { key: string; value: unknown }[] }>(await again.request('GET', '/api/v1/settings'))
    ).items.find(({ key }) => key === 'max_parallel_test_runs')?.value;
  expect(await valueNow()).toBe(5);
  const { items } = await okJson<{ items: Conflict[] }>(await again.request('GET', '/api/v1/merge-conflicts'));
  expect(items).toMatchObject([{ key: 'max_parallel_test_runs', ours: 5, theirs: 3, origin: { name: 'north' } }]);
  await okJson(await again.request('POST', `/api/v1/merge-conflicts/${items[0]?.id}/resolve`, { take: 'theirs' }));
  expect(await valueNow()).toBe(3);
});

test('an ending promotion takes no runs, waits for those that run, and says while central is away that everything is kept', async () => {
  const { central } = await startCentral();
  const machine = await machineWithCopy(central, 'laptop');
  await central.stop();
  const { ask, running } = await standIn(machine, '127.0.0.2');
  await okJson(await ask('POST', '/api/v1/offline/demotion', {}));
  const body = { name: 'late', project: 'shop', source: { type: 'bundle', tree: 'a'.repeat(64), projectDir: '' } };
  const refused = await ask('POST', '/api/v1/test-runs/create', body);
  expect(await refused.json()).toMatchObject({ status: 409, code: 'no_new_runs' });
  await expect.poll(() => homecomingOf(ask), { timeout: 60_000 }).toMatchObject({ state: 'unreachable' });
  const ended = await Promise.race([running.broughtHome.then(() => 'home'), Promise.resolve('not yet')]);
  expect(ended).toBe('not yet');
});

test('a promotion whose credential was revoked says so, and keeps everything', async () => {
  const { central, comeBack } = await startCentral();
  const machine = await machineWithCopy(central, 'laptop');
  const { items } = await okJson<{ items: { id: string }[] }>(await central.request('GET', '/api/v1/sync-credentials'));
  expect(items).toHaveLength(1);
  await okJson(await central.request('DELETE', `/api/v1/sync-credentials/${items[0]?.id}`));
  await central.stop();
  const { ask } = await standIn(machine, '127.0.0.2');
  await comeBack();
  await expect.poll(() => homecomingOf(ask), { timeout: 60_000 }).toMatchObject({ state: 'refused' });
});
