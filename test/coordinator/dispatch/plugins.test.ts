import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlugins } from '../../../coordinator/dispatch/load-plugins.ts';
import { Strategies } from '../../../coordinator/dispatch/strategies.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { LinkWorker } from '../../support/link-worker.ts';

function folderWith(files: Record<string, string>): string {
  const folder = tempFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

/** Rather workers with more slots, unless a run says what should go wrong. */
const FEWEST_SLOTS = `
export default {
  name: 'fewest_slots',
  version: '1.2.0',
  score(worker, task) {
    if (task.tags.includes('throw')) throw new Error('out of luck');
    if (task.tags.includes('text')) return 'much';
    if (task.tags.includes('later')) return Promise.resolve(1);
    return -worker.freeSlots;
  },
};`;

async function twoWorkers(coordinator: TestCoordinator) {
  const large = await LinkWorker.enrol(coordinator, { name: 'large', slots: 6 });
  const little = await LinkWorker.enrol(coordinator, { name: 'little', slots: 2 });
  await large.connect();
  await little.connect();
  return { large, little };
}

const choose = (coordinator: TestCoordinator, strategy: string) =>
  coordinator.request('PUT', '/api/v1/settings', { load_balancer_strategy: strategy });
const create = (coordinator: TestCoordinator, tags: string[]) =>
  coordinator.request('POST', '/api/v1/test-runs/create', { name: 'shop', total_shards: 1, tags });
const warnings = async (coordinator: TestCoordinator) =>
  (await okJson<{ warnings: string[] }>(await coordinator.request('GET', '/readyz'))).warnings;

test('a strategy from a file is chosen at run time; what it does wrong is left to the default, logged once, and shown in health', async () => {
  const coordinator = await startCoordinator({
    pluginsDir: folderWith({ 'fewest.mjs': FEWEST_SLOTS, 'README.md': '' }),
  });
  const { large, little } = await twoWorkers(coordinator);
  await create(coordinator, []);
  await large.grant();
  expect((await choose(coordinator, 'fewest_slots')).status).toBe(200);
  await create(coordinator, []);
  await little.grant();
  for (const tag of ['throw', 'text', 'later']) {
    await create(coordinator, [tag]);
    await large.grant();
    expect(await warnings(coordinator)).toEqual(['Strategy fewest_slots failed: least_loaded decides instead.']);
  }
  const logged = coordinator.log.filter(({ msg }) => String(msg).includes('fewest_slots'));
  expect(logged).toHaveLength(1);
  await create(coordinator, []);
  await little.grant();
  expect(await warnings(coordinator)).toEqual([]);
});

test('a chosen plugin that was taken away leaves the default in its place, and says so', async () => {
  const first = await startCoordinator({ pluginsDir: folderWith({ 'fewest.mjs': FEWEST_SLOTS }) });
  await choose(first, 'fewest_slots');
  await first.stop();
  const coordinator = await startCoordinator({ again: first });
  const { large } = await twoWorkers(coordinator);
  await create(coordinator, []);
  await large.grant();
  expect(await warnings(coordinator)).toEqual(['Strategy fewest_slots is not there: least_loaded decides instead.']);
  const other = await coordinator.request('PUT', '/api/v1/settings', { smtp_port: 25 });
  expect(other.status).toBe(200);
});

describe('what is wrong with a plugin is named with its file, and the coordinator does not start', () => {
  test.each([
    ['export default { name: "x", version: "1" }', /Plugin bad.mjs: score must be a function/],
    [
      'export default { name: "weighted", version: "1", score: () => 1 }',
      /name is the name of a strategy that is built in/,
    ],
    ['export default { name: "Bad Name", version: "1", score: () => 1 }', /name must be the name of a strategy/],
    ['export const name = "x"', /Plugin bad.mjs: the default export/],
    ['export default {', /Plugin bad.mjs cannot be loaded: .*Mend it/],
  ])('%s', async (text, why) => {
    await expect(loadPlugins(folderWith({ 'bad.mjs': text }))).rejects.toThrow(why);
  });

  test('two of one name, and a folder that is not there', async () => {
    const twice = folderWith({ 'a.mjs': FEWEST_SLOTS, 'b.mjs': FEWEST_SLOTS });
    await expect(loadPlugins(twice)).rejects.toThrow(/b.mjs: name fewest_slots is taken/);
    await expect(loadPlugins(path.join(twice, 'none'))).rejects.toThrow(/--plugins: the folder .* cannot be read/);
  });
});

test('a plugin that thinks too long over one hand-out loses its turn', () => {
  let now = 0;
  const slow = { name: 'slow', version: '1', score: () => (now += 700) };
  const reported: string[] = [];
  const report = (error: unknown) => reported.push(String(error));
  const strategies = new Strategies({ plugins: [slow], monotonic: () => now, report });
  const worker = { id: 'w' } as never;
  const scores = strategies.use('slow', ({ score }) => [score(worker, {} as never)]);
  expect(scores).toEqual([700]);
  strategies.use('slow', ({ score }) => [score(worker, {} as never), score(worker, {} as never)]);
  expect(reported).toEqual(['Error: took more than 1000 ms']);
});
