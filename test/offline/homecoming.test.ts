/** Central is back: everything is brought home once, shown, verified, and only then deleted. Real programs on addresses of loopback. */
import { existsSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { OfflineState } from '../../shared/protocol/offline/promotion.ts';
import type { OriginView } from '../../shared/protocol/offline/journal.ts';
import type { Conflict } from '../../shared/protocol/rest/origins.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { okJson } from '../support/coordinator.ts';
import { startCoordinatorProcess } from '../support/coordinator-process.ts';
import {
  askWith,
  command,
  ended,
  giveCopy,
  online,
  promoteMachine,
  startMachine,
  startRun,
  switchMachine,
  writeSuite,
  type Ask,
} from './support.ts';

vi.setConfig({ testTimeout: 400_000 });

async function startCentral() {
  const central = await startCoordinatorProcess();
  const ask = askWith({ url: central.url, token: central.adminToken, pin: null });
  const again = () => startCoordinatorProcess({ again: central, port: Number(new URL(central.url).port) });
  return { central, ask, again };
}

const runsOf = async (ask: Ask): Promise<Run[]> =>
  (await okJson<{ items: Run[] }>(await ask('GET', '/api/v1/test-runs?limit=100'))).items;
const offline = async (ask: Ask): Promise<OfflineState> => okJson<OfflineState>(await ask('GET', '/api/v1/offline'));

test('runs of a promotion come home once, whole and under their own numbers, and the copy is deleted after both sides have the same', async () => {
  const { central, ask, again } = await startCentral();
  const suite = writeSuite(['adds', 'takes away']);
  const allow = ['--allow-path', suite.folder];
  const [laptop, desk] = [await startMachine(central, 'laptop', allow), await startMachine(central, 'desk', allow)];
  await giveCopy(ask, laptop);
  const before = await ended(ask, await startRun(ask, suite.folder, 'before'));
  await central.kill();

  const promoted = await promoteMachine(laptop, '127.0.0.2');
  await switchMachine(desk, promoted.url);
  await online(promoted.ask, 'desk');
  const away = await ended(promoted.ask, await startRun(promoted.ask, suite.folder, 'on the train'));
  expect(away.number).toBeGreaterThan(before.number);
  const { promotion } = await offline(promoted.ask);
  expect(promotion?.homecoming).toMatchObject({ state: 'unreachable', runs_to_bring: 1 });

  await again();
  await expect
    .poll(async () => (await offline(promoted.ask)).promotion?.homecoming.state, { timeout: 60_000 })
    .toBe('verified');
  const said = await command(laptop.env, ['demote', '--data', laptop.dataDir, '--json']);
  const home = JSON.parse(said) as { counts: Record<string, number>; conflicts: number; deleted: boolean };
  expect(home).toMatchObject({ deleted: true, conflicts: 0, counts: { run: 1, test: 2 } });
  expect(existsSync(promoted.folder)).toBe(false);
  await promoted.cli.exit;

  const runs = await runsOf(ask);
  expect(runs.map(({ id }) => id).sort()).toEqual([before.id, away.id].sort());
  expect(runs.find(({ id }) => id === away.id)).toMatchObject({
    number: away.number,
    name: 'on the train',
    status: 'completed',
    outcome: 'passed',
    tests: { total: 2, expected: 2 },
  });
  const { items } = await okJson<{ items: OriginView[] }>(await ask('GET', '/api/v1/origins'));
  expect(items.find(({ own }) => !own)).toMatchObject({ name: 'laptop', runs: 1, conflicts: 0 });
  // The workers went home by themselves, and work there.
  await online(ask, 'desk');
  const after = await ended(ask, await startRun(ask, suite.folder, 'after'));
  expect(after.number).toBe(before.number + 1);
});

test('two promotions at once stay two origins; what both sides changed is kept and shown', async () => {
  const { central, ask, again } = await startCentral();
  const suite = writeSuite(['adds']);
  const allow = ['--allow-path', suite.folder];
  const [north, south] = [await startMachine(central, 'north', allow), await startMachine(central, 'south', allow)];
  await giveCopy(ask, north);
  await giveCopy(ask, south);
  await central.kill();
  const [a, b] = [await promoteMachine(north, '127.0.0.2'), await promoteMachine(south, '127.0.0.3')];
  for (const each of [a, b]) await okJson(await each.ask('PUT', '/api/v1/settings', { max_parallel_test_runs: 3 }));
  await online(a.ask, 'north');
  await online(b.ask, 'south');
  const [one, two] = [await startRun(a.ask, suite.folder, 'north'), await startRun(b.ask, suite.folder, 'south')];
  await ended(a.ask, one);
  await ended(b.ask, two);
  await again();
  await okJson(await ask('PUT', '/api/v1/settings', { max_parallel_test_runs: 5 }));
  for (const machine of [north, south]) await command(machine.env, ['demote', '--data', machine.dataDir]);
  expect((await runsOf(ask)).map(({ id }) => id).sort()).toEqual([one, two].sort());
  const { items } = await okJson<{ items: OriginView[] }>(await ask('GET', '/api/v1/origins'));
  expect(items.filter(({ own }) => !own).map(({ name, runs }) => `${name} ${runs}`).sort()).toEqual(['north 1', 'south 1']);
  const settings = await okJson<{ items: { key: string; value: unknown }[] }>(await ask('GET', '/api/v1/settings'));
  expect(settings.items.find(({ key }) => key === 'max_parallel_test_runs')?.value).toBe(5);
  const conflicts = await okJson<{ items: Conflict[] }>(await ask('GET', '/api/v1/merge-conflicts'));
  expect(conflicts.items.map(({ key, ours, theirs }) => ({ key, ours, theirs }))).toEqual([
    { key: 'max_parallel_test_runs', ours: 5, theirs: 3 },
    { key: 'max_parallel_test_runs', ours: 5, theirs: 3 },
  ]);
});

test('demote waits for what runs, takes nothing new, and without central keeps everything', async () => {
  const { central, ask, again } = await startCentral();
  const suite = writeSuite(['waits', 'adds']);
  const laptop = await startMachine(central, 'laptop', ['--allow-path', suite.folder]);
  await giveCopy(ask, laptop);
  await central.kill();
  const promoted = await promoteMachine(laptop, '127.0.0.2');
  await online(promoted.ask, 'laptop');
  const id = await startRun(promoted.ask, suite.folder);
  await expect.poll(suite.begun, { timeout: 60_000 }).toBe(true);
  const demoting = command(laptop.env, ['demote', '--data', laptop.dataDir]);
  await expect.poll(async () => (await offline(promoted.ask)).promotion?.draining, { timeout: 20_000 }).toBe(true);
  const refused = await promoted.ask('POST', '/api/v1/test-runs/create', {
    name: 'late',
    project: 'shop',
    source: { type: 'path', path: suite.folder },
  });
  expect(await refused.json()).toMatchObject({ status: 409, code: 'no_new_runs' });
  suite.open();
  await ended(promoted.ask, id);
  expect(existsSync(promoted.folder)).toBe(true);
  await again();
  expect(await demoting).toMatch(/All is at home: .*1 run/);
  expect(existsSync(promoted.folder)).toBe(false);
  expect((await runsOf(ask)).map((run) => run.id)).toEqual([id]);
});
