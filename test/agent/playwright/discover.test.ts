import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { discoverSuite } from '../../../src-main/agent/playwright/discover.ts';
import type { Discovery } from '../../../shared/protocol/playwright.ts';
import { discover, emptyFolder, names, writeSuite } from './inline-suite.ts';
import { agentsUser } from '../../../src-main/agent/test-user.ts';

const use = `import { test, expect } from '@playwright/test';`;

/** `kind title (names of its tests)` for each unit. */
function units(discovery: Discovery): string[] {
  const name = names(discovery);
  return discovery.units.map(
    (unit) => `${unit.kind} ${unit.title}: ${unit.testIds.map((id) => name.get(id)).join(', ')}`,
  );
}

test('units are the smallest parts that may run alone', async () => {
  const suite = await writeSuite({
    'plain.spec.ts': `${use} test('a', () => {}); test('b', () => {});`,
    'parallel.spec.ts': `${use} test.describe.configure({ mode: 'parallel' });
      test('alone', () => {});
      test.describe('steps', () => { test.describe.configure({ mode: 'serial' }); test('1', () => {}); test.describe('in', () => test('2', () => {})); });
      test.describe('ordered', () => { test.describe.configure({ mode: 'default' }); test('3', () => {}); test('4', () => {}); });
      test.describe('shared', () => { test.beforeAll(() => {}); test('5', () => {}); test('6', () => {}); });`,
    'part.spec.ts': `${use} test('before', () => {}); test.describe.parallel('fast', () => { test('7', () => {}); test('8', () => {}); });`,
    'serial.spec.ts': `${use} test.describe.serial('flow', () => { test('9', () => {}); test('10', () => {}); }); test('after', () => {});`,
  });
  expect(units(await discover(suite))).toEqual([
    'test alone: alone',
    'group steps: steps › 1, steps › in › 2',
    'group ordered: ordered › 3, ordered › 4',
    'file parallel.spec.ts: shared › 5, shared › 6',
    'file part.spec.ts: before',
    'test fast › 7: fast › 7',
    'test fast › 8: fast › 8',
    'file plain.spec.ts: a, b',
    'file serial.spec.ts: flow › 9, flow › 10, after',
  ]);
});

test('with fullyParallel a file that asks for order is one unit', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { fullyParallel: true }`,
    'ordered.spec.ts': `${use} test.describe.configure({ mode: 'default' }); test('a', () => {}); test('b', () => {});`,
    'free.spec.ts': `${use} test('c', () => {}); test('d', () => {});`,
  });
  expect(units(await discover(suite))).toEqual(['test c: c', 'test d: d', 'file ordered.spec.ts: a, b']);
});

test('where files of tests are named below is told from the folder of the suite', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { testDir: 'e2e/specs' }`,
    'e2e/specs/a.spec.ts': `${use} test('a', () => {});`,
  });
  const { testsDir, tests } = await discover(suite);
  expect({ testsDir, file: tests[0]?.file }).toEqual({ testsDir: 'e2e/specs', file: 'a.spec.ts' });
  expect((await discover(await writeSuite({ 'a.spec.ts': `${use} test('a', () => {});` }))).testsDir).toBe('');
});

const dependent = {
  'playwright.config.ts': `export default { projects: [
    { name: 'setup', testMatch: /setup.ts/, teardown: 'cleanup' },
    { name: 'cleanup', testMatch: /cleanup.ts/ },
    { name: 'app', dependencies: ['setup'], use: { browserName: 'firefox' } },
    { name: 'phone', use: { defaultBrowserType: 'webkit', channel: 'x' } },
    { name: 'far', use: { connectOptions: { wsEndpoint: 'ws://127.0.0.1' } } },
  ] }`,
  'setup.ts': `${use} test('sign in', () => {});`,
  'cleanup.ts': `${use} test('sign out', () => {});`,
  'a.spec.ts': `${use} test('a', () => {});`,
};

test('projects that only serve others are told apart, and which browser each needs', async () => {
  const discovery = await discover(await writeSuite(dependent));
  expect(discovery.projects).toEqual([
    { name: 'setup', dependencies: [], teardown: 'cleanup', supporting: true, browser: 'chromium', channel: null },
    { name: 'cleanup', dependencies: [], teardown: null, supporting: true, browser: 'chromium', channel: null },
    { name: 'app', dependencies: ['setup'], teardown: null, supporting: false, browser: 'firefox', channel: null },
    { name: 'phone', dependencies: [], teardown: null, supporting: false, browser: 'webkit', channel: 'x' },
    { name: 'far', dependencies: [], teardown: null, supporting: false, browser: null, channel: null },
  ]);
  const name = names(discovery);
  expect(discovery.supportingTestIds.map((id) => name.get(id))).toEqual(['[cleanup] sign out', '[setup] sign in']);
  expect(units(discovery)).toEqual(['app', 'phone', 'far'].map((project) => `file a.spec.ts: [${project}] a`));
});

test('which projects are asked for decides what is supporting', async () => {
  const suite = await writeSuite(dependent);
  expect(units(await discover(suite, ['--project=setup']))).toEqual(['file setup.ts: [setup] sign in']);
  const withoutDeps = await discover(suite, ['--project=app', '--project=setup', '--no-deps']);
  expect(withoutDeps.supportingTestIds).toEqual([]);
  expect(withoutDeps.units).toHaveLength(2);
});

test('.only leaves what a run would run', async () => {
  const suite = await writeSuite({
    'a.spec.ts': `${use} test('no', () => {}); test.describe.only('yes', () => { test('1', () => {}); test('2', () => {}); });
      test.describe('mixed', () => { test.only('3', () => {}); test('no', () => {}); });`,
    'b.spec.ts': `${use} test('no', () => {});`,
  });
  const discovery = await discover(suite);
  expect([...names(discovery).values()]).toEqual(['yes › 1', 'yes › 2', 'mixed › 3']);
  expect(units(discovery)).toEqual(['file a.spec.ts: yes › 1, yes › 2, mixed › 3']);
  expect((await discover(suite, ['--forbid-only'])).errors.map((each) => each.message)).toEqual([
    expect.stringContaining("item focused with '.only' is not allowed") as string,
    expect.stringContaining("item focused with '.only' is not allowed") as string,
  ]);
});

test('a planned test carries what is known before it runs', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { testDir: 'tests', retries: 2, timeout: 7000 }`,
    'tests/deep/a.spec.ts': `${use}
test.describe('group › "q", ü', () => {
  test.fail('fails\\nin two lines', { tag: '@slow', annotation: { type: 'issue', description: '#1' } }, () => {});
});`,
  });
  const discovery = await discover(suite);
  expect(discovery.rootDir).toBe(path.join(suite, 'tests'));
  expect(discovery.tests).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f]{20}-[0-9a-f]{20}$/) as string,
      project: '',
      file: 'deep/a.spec.ts',
      line: 3,
      column: 8,
      titlePath: ['group › "q", ü', 'fails\nin two lines'],
      tags: ['@slow'],
      annotations: [{ type: 'issue', description: '#1' }, { type: 'fail' }],
      // What `test.fail` means is decided while the test runs.
      expectedStatus: 'passed',
      timeout: 7000,
      retries: 2,
    },
  ]);
});

test('monstrous titles are cut, not refused', async () => {
  const suite = await writeSuite({
    'a.spec.ts': `${use} test('x'.repeat(9000), { annotation: { type: 't', description: 'd'.repeat(20_000) } }, () => {});`,
  });
  const discovery = await discover(suite);
  expect(discovery.errors).toEqual([]);
  expect(discovery.tests[0]?.titlePath[0]).toHaveLength(5000);
});

test('servers that follow PLAYFLEET_PORT can run beside each other, others cannot', async () => {
  const withServers = async (servers: string) =>
    (await discover(await writeSuite({ 'a.spec.ts': `${use} test('a', () => {});`, 'playwright.config.ts': servers })))
      .webServer;
  const port = 'const port = Number(process.env.PLAYFLEET_PORT);';
  expect(await withServers(`${port} export default { webServer: { command: 'false', port } }`)).toEqual({
    present: true,
    fixedPorts: false,
  });
  expect(
    await withServers(
      `${port} export default { webServer: [{ command: 'false', port }, { command: 'false', url: 'http://localhost:' + (port + 1) }] }`,
    ),
  ).toEqual({ present: true, fixedPorts: false });
  expect(
    await withServers(
      `${port} export default { webServer: [{ command: 'false', port }, { command: 'false', url: 'http://localhost:3000' }] }`,
    ),
  ).toEqual({ present: true, fixedPorts: true });
  expect(await withServers(`export default {}`)).toEqual({ present: false, fixedPorts: false });
});

test.each([
  ['a config that throws', { 'playwright.config.ts': `throw new Error('no such stage')` }, /no such stage/],
  ['a config that does not parse', { 'playwright.config.ts': `export default {` }, /SyntaxError/],
  ['a test that does not parse', { 'a.spec.ts': `test(` }, /SyntaxError/],
  [
    'two tests with one title',
    { 'a.spec.ts': `${use} test('a', () => {}); test('a', () => {});` },
    /duplicate test title "a"/,
  ],
  ['no tests', {}, /No tests found/],
])('%s comes back as an error of the suite', async (_name, files, message) => {
  const discovery = await discover(await writeSuite(files));
  expect(discovery.errors.map((each) => each.message).join('\n')).toMatch(message);
  expect(discovery.playwrightVersion).toMatch(/^1\./);
});

test('an error of loading names its place', async () => {
  const { errors } = await discover(
    await writeSuite({ 'deep/a.spec.ts': `${use}\n\ntest('a', () => {}); test('a', () => {});` }),
  );
  expect(errors[0]?.location).toMatchObject({ file: 'deep/a.spec.ts', line: 3 });
});

test('a suite without Playwright is refused with the mend', async () => {
  const folder = await emptyFolder();
  const refused = discoverSuite({ suiteDir: folder, user: agentsUser, args: [], env: {}, port: 41_000 });
  await expect(refused).rejects.toMatchObject({
    code: 'noPlaywright',
    message: `the suite in ${folder} has no @playwright/test: add it to its package.json`,
  });
});

test('a discovery that hangs ends when it is no longer wanted', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `process.stdout.write('loading'); await new Promise((resolve) => setTimeout(resolve, 600_000)); export default {}`,
  });
  const controller = new AbortController();
  const waiting = discoverSuite({
    suiteDir: suite,
    user: agentsUser,
    args: [],
    env: { PATH: process.env.PATH ?? '' },
    port: 41_000,
    signal: controller.signal,
    onOutput: () => controller.abort(new Error('cancelled')),
  });
  await expect(waiting).rejects.toThrow('cancelled');
});

test('tests written in a helper belong to the file that calls it', async () => {
  const suite = await writeSuite({ 'a.spec.ts': `import { cases } from './helper'; cases();` });
  await mkdir(path.join(suite, 'x'));
  await writeFile(path.join(suite, 'helper.ts'), `${use}\nexport function cases() { test('from helper', () => {}); }`);
  const discovery = await discover(suite);
  expect(discovery.tests[0]?.file).toBe('helper.ts');
  expect(discovery.units[0]).toMatchObject({ file: 'a.spec.ts', kind: 'file' });
});
