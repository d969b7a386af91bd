import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { verdict } from '../../../src-main/agent/playwright/verdict.ts';
import { discover, run, writeSuite, type Finished } from './inline-suite.ts';

const passing = `import { test } from '@playwright/test'; test('a', () => {}); test('b', () => {});`;

function judge(done: Finished, testIds: string[]) {
  return verdict({
    ordered: testIds,
    settled: done.settled.map((each) => each.testId),
    end: done.end,
    errors: done.errors,
  });
}

test.each([
  ['a globalSetup that throws', `export default { globalSetup: './setup.ts' }`, /no database/],
  [
    'a server that does not start',
    `export default { webServer: { command: 'node -e "process.exit(3)"', port: 41_001 } }`,
    /webServer was not able to start. Exit code: 3/,
  ],
])('%s stops the run before its tests, and says why', async (_name, config, message) => {
  const suite = await writeSuite({
    'a.spec.ts': passing,
    'setup.ts': `export default () => { throw new Error('no database'); };`,
    'playwright.config.ts': config,
  });
  const testIds = (await discover(suite)).tests.map((each) => each.id);
  const done = await run(suite, { order: { kind: 'tests', testIds } });
  expect(done.attempts).toEqual([]);
  expect(done.errors.join('\n')).toMatch(message);
  expect(done.end).toMatchObject({ exitCode: 1, ended: { status: 'failed' } });
  expect(judge(done, testIds)).toMatchObject({
    complete: false,
    missing: testIds,
    reason: expect.stringMatching(message) as string,
  });
});

test('a port that is taken is told, and a server on the own port serves', async () => {
  const suite = await writeSuite({
    'a.spec.ts': `import { test, expect } from '@playwright/test';
      test('a', async ({ request }) => { expect(await (await request.get('http://127.0.0.1:' + process.env.PLAYFLEET_PORT)).text()).toBe('hello'); });`,
    'server.js': `require('http').createServer((_, response) => response.end('hello')).listen(process.env.PLAYFLEET_PORT, '127.0.0.1');`,
    'playwright.config.ts': `const port = Number(process.env.PLAYFLEET_PORT);
      export default { webServer: { command: 'node server.js', url: 'http://127.0.0.1:' + port, reuseExistingServer: false } }`,
  });
  const discovery = await discover(suite);
  expect(discovery.webServer).toEqual({ present: true, fixedPorts: false });
  const order = { kind: 'tests' as const, testIds: discovery.tests.map((each) => each.id) };
  const taken = createServer((_request, response) => response.end('taken'));
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void taken.close());
  const port = (taken.address() as AddressInfo).port;

  const refused = await run(suite, { order, port });
  expect(refused.errors.join('\n')).toMatch(/is already used/);
  expect(refused.settled).toEqual([]);

  taken.closeAllConnections();
  await new Promise((resolve) => taken.close(resolve));
  const served = await run(suite, { order, port });
  expect(served.settled).toMatchObject([{ outcome: 'expected' }]);
  expect(served.end).toMatchObject({ exitCode: 0, left: [] });
});

test('a config that breaks on this machine only is told by what Playwright printed', async () => {
  const suite = await writeSuite({
    'a.spec.ts': passing,
    'playwright.config.ts': `if (process.env.BROKEN) throw new Error('no such stage'); export default {}`,
  });
  const testIds = (await discover(suite)).tests.map((each) => each.id);
  const done = await run(suite, { order: { kind: 'tests', testIds }, env: { BROKEN: '1' } });
  expect(done.end).toMatchObject({ exitCode: 1, ended: null, blobFile: null });
  expect(done.output).toContain('no such stage');
  expect(judge(done, testIds)).toMatchObject({ complete: false, missing: testIds });
});

test('a file that no longer loads stops the run with its error', async () => {
  const suite = await writeSuite({
    'a.spec.ts': passing,
    'b.spec.ts': `if (process.env.BROKEN) throw new Error('cannot load b');`,
  });
  const testIds = (await discover(suite)).tests.map((each) => each.id);
  const done = await run(suite, { order: { kind: 'tests', testIds }, env: { BROKEN: '1' } });
  expect(done.settled).toEqual([]);
  expect(done.errors.join('\n')).toContain('cannot load b');
});

test("the suite's own globalTimeout ends the run, and names what it kept from running", async () => {
  const suite = await writeSuite({
    'a.spec.ts': `import { test } from '@playwright/test'; test('a', () => {}); test('hangs', () => new Promise(() => {})); test('b', () => {});`,
  });
  const testIds = (await discover(suite)).tests.map((each) => each.id);
  const done = await run(suite, { order: { kind: 'tests', testIds }, args: ['--global-timeout=15000', '--timeout=0'] });
  expect(done.settled).toMatchObject([{ outcome: 'expected' }]);
  expect(done.end.ended).toMatchObject({ status: 'timedout', notRunReason: 'globalTimeout' });
  expect(done.end.ended?.notRun).toHaveLength(2);
  expect(done.errors.join()).toContain('Timed out waiting 15s');
});
