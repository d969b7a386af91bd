import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Discovery } from '../../../shared/protocol/playwright.ts';
import { discover, emptyFolder, names, run, start, writeSuite, type Finished } from './inline-suite.ts';

const use = `import { test, expect } from '@playwright/test';`;

/** Ids of the tests for whose `[project] titles` `wanted` is true. */
function pick(discovery: Discovery, wanted: (name: string) => boolean): string[] {
  return [...names(discovery)].filter(([, name]) => wanted(name)).map(([id]) => id);
}

/** Names of tests with an attempt, in order. */
function ran(discovery: Discovery, { attempts }: Finished): (string | undefined)[] {
  return attempts.map((attempt) => names(discovery).get(attempt.testId));
}

test('an order runs exactly its tests, in each project by itself', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { fullyParallel: true, projects: [{ name: 'one' }, { name: 'two' }, { name: 'three' }] }`,
    'a.spec.ts': `${use} test('x', () => {}); test('y', () => {}); test.describe('d', () => { test('x', () => {}); });`,
    'b.spec.ts': `${use} test('x', () => {}); test('z', () => {});`,
  });
  const discovery = await discover(suite);
  expect(discovery.errors).toEqual([]);
  expect(discovery.units).toHaveLength(15);
  const wanted = ['[one] x', '[one] d › x', '[two] d › x'];
  const ids = pick(discovery, (name) => wanted.includes(name));
  expect(ids).toHaveLength(4);
  const done = await run(suite, { order: { kind: 'tests', testIds: ids } });
  expect(done.errors).toEqual([]);
  expect(done.settled.map((each) => each.testId).sort()).toEqual([...ids].sort());
  expect(done.settled.every((each) => each.outcome === 'expected' && each.attempts === 1)).toBe(true);
  expect(done.attempts).toHaveLength(4);
  expect(done.end).toMatchObject({
    exitCode: 0,
    signal: null,
    ended: { status: 'passed', notRun: [], notRunReason: null },
    stopReason: null,
    left: [],
    swept: 0,
  });
  expect(done.end.blobFile).not.toBeNull();
  expect(done.end.peakMemoryBytes).toBeGreaterThan(30e6);
  expect(done.end.meanCpuPercent).toBeGreaterThan(1);
});

test('only the supporting projects that the ordered tests need run beside them, teardown last', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { projects: [
      { name: 'db', testMatch: /db.ts/, teardown: 'drop' }, { name: 'drop', testMatch: /drop.ts/ },
      { name: 'login', testMatch: /login.ts/, dependencies: ['db'] },
      { name: 'shop', testMatch: /shop.ts/, dependencies: ['login'] },
      { name: 'seed', testMatch: /seed.ts/ }, { name: 'admin', testMatch: /admin.ts/, dependencies: ['seed'] },
    ] }`,
    'db.ts': `${use} test('db', () => {});`,
    'drop.ts': `${use} test('drop', () => {});`,
    'login.ts': `${use} test('login', () => {});`,
    'shop.ts': `${use} test('1', () => {}); test('2', () => {});`,
    'seed.ts': `${use} test('seed', () => {});`,
    'admin.ts': `${use} test('3', () => {});`,
  });
  const discovery = await discover(suite);
  const ids = pick(discovery, (name) => name === '[shop] 2');
  const done = await run(suite, { order: { kind: 'tests', testIds: ids } });
  expect(ran(discovery, done)).toEqual(['[db] db', '[login] login', '[shop] 2', '[drop] drop']);
  const planned = done.messages.find((message) => message.type === 'planned');
  const supporting = planned?.type === 'planned' ? planned.supportingTestIds : [];
  expect(supporting.map((id) => names(discovery).get(id)).sort()).toEqual(['[db] db', '[drop] drop', '[login] login']);
});

test('a failed setup leaves the ordered tests unbegun, with the reason', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { projects: [{ name: 'setup', testMatch: /setup.ts/ }, { name: 'app', dependencies: ['setup'] }] }`,
    'setup.ts': `${use} test('sign in', () => { throw new Error('no account'); });`,
    'a.spec.ts': `${use} test('a', () => {}); test('b', () => {});`,
  });
  const discovery = await discover(suite);
  const ids = pick(discovery, (name) => name.startsWith('[app]'));
  const done = await run(suite, { order: { kind: 'tests', testIds: ids } });
  expect(done.end.ended).toEqual({ type: 'end', status: 'failed', notRun: ids, notRunReason: 'setupFailed' });
  expect(done.settled).toMatchObject([{ outcome: 'unexpected' }]);
  expect(done.attempts[0]?.errors[0]?.message).toContain('no account');
});

test('titles may hold anything', async () => {
  const odd = [
    'a › b',
    '"quoted", with \'commas\'',
    'two\nlines',
    'ünï¢ode 測試 🎭',
    '[chromium] › x.spec.ts:1:1',
    '-g --grep',
    '$^.*(',
  ];
  const suite = await writeSuite({
    'odd › name, [1].spec.ts': `${use} for (const title of ${JSON.stringify(odd)}) { test(title, () => {}); test(title + '!', () => {}); }`,
  });
  const discovery = await discover(suite);
  expect(discovery.errors).toEqual([]);
  const ids = pick(discovery, (name) => odd.includes(name));
  const done = await run(suite, { order: { kind: 'tests', testIds: ids } });
  expect(ran(discovery, done)).toEqual(odd);
});

test('each repetition of a test is ordered by itself', async () => {
  const suite = await writeSuite({ 'a.spec.ts': `${use} test('a', () => {}); test('b', () => {});` });
  const args = ['--repeat-each=3'];
  const discovery = await discover(suite, args);
  expect(discovery.tests).toHaveLength(6);
  expect(discovery.units.map((unit) => unit.testIds.length)).toEqual([2, 2, 2]);
  const ids = discovery.units[1]?.testIds ?? [];
  const done = await run(suite, { order: { kind: 'tests', testIds: ids }, args });
  expect(done.settled.map((each) => each.testId)).toEqual(ids);
});

test("the run's own filters and .only hold beside the order", async () => {
  const suite = await writeSuite({
    'a.spec.ts': `${use} test('one @smoke', () => {}); test('two', () => {}); test.only('three @smoke', () => {}); test.only('four @smoke', () => {});`,
    'b.spec.ts': `throw new Error('never loaded');`,
  });
  const args = ['a.spec.ts', '--grep=@smoke'];
  const discovery = await discover(suite, args);
  expect([...names(discovery).values()]).toEqual(['three @smoke', 'four @smoke']);
  const done = await run(suite, {
    order: { kind: 'tests', testIds: pick(discovery, (name) => name.startsWith('four')) },
    args,
  });
  expect(ran(discovery, done)).toEqual(['four @smoke']);
  expect(done.end.ended?.status).toBe('passed');
});

test('ordered tests that this machine does not have are told, the others run', async () => {
  const suite = await writeSuite({ 'a.spec.ts': `${use} test('a', () => {});` });
  const discovery = await discover(suite);
  const ids = [...pick(discovery, () => true), 'feed-beef', 'dead-meat'];
  const done = await run(suite, { order: { kind: 'tests', testIds: ids } });
  expect(done.errors).toEqual([
    expect.stringMatching(/^2 ordered tests are not in the suite as it loads here \(feed-beef, dead-meat\)/),
  ]);
  expect(ran(discovery, done)).toEqual(['a']);
});

test("the suite's own reporters do not get in the way, and its own shard is cut only once", async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { shard: { current: 2, total: 2 }, reporter: [['./mine.js'], ['html', { open: 'never' }]] }`,
    'mine.js': `module.exports = class { onBegin() { throw new Error('mine'); } preprocess() { throw new Error('mine'); } };`,
    'a.spec.ts': `${use} test('a', () => {});`,
    'b.spec.ts': `${use} test('b', () => {});`,
  });
  const discovery = await discover(suite);
  expect([...names(discovery).values()]).toEqual(['b']);
  const done = await run(suite, { order: { kind: 'tests', testIds: pick(discovery, () => true) } });
  expect(done.errors).toEqual([]);
  expect(ran(discovery, done)).toEqual(['b']);
});

test('the log reads as it does without us', async () => {
  const suite = await writeSuite({
    'a.spec.ts': `${use} test('a', () => { console.log('from the test'); expect(1).toBe(2); });`,
  });
  const discovery = await discover(suite);
  const done = await run(suite, { order: { kind: 'tests', testIds: pick(discovery, () => true) } });
  for (const line of ['Running 1 test using 1 worker', 'from the test', 'a.spec.ts:1', '1 failed'])
    expect(done.output).toContain(line);
});

test('suites before Playwright 1.45 are refused for queues, with the mend', async () => {
  const suite = await emptyFolder();
  const folder = path.join(suite, 'node_modules', '@playwright', 'test');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{"name":"@playwright/test","version":"1.44.1"}');
  await mkdir(path.join(suite, 'node_modules', 'playwright-core'));
  await writeFile(path.join(suite, 'node_modules', 'playwright-core', 'package.json'), '{"name":"playwright-core"}');
  await expect(start(suite, { order: { kind: 'tests', testIds: ['a'] } })).rejects.toMatchObject({
    code: 'tooOld',
    message: 'queue runs need Playwright 1.45 or newer in the suite; this one has 1.44.1. Use --shards N or upgrade',
  });
});
