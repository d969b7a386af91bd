import { expect, test } from 'vitest';
import { runConfig } from '../../../shared/protocol/work.ts';
import { orderOf, playwrightCall } from '../../../src-main/agent/slots/order.ts';

const call = (config: object) => playwrightCall({ config: runConfig.parse(config) });

test("a run's settings become arguments and environment of Playwright", () => {
  const config = {
    browser: 'firefox',
    base_url: 'http://shop.test',
    timeout: 5000,
    retries: 1,
    config_file: 'e2e/pw.config.ts',
    args: ['--grep', 'cart', '--headed'],
    env: { LEVEL: '2' },
  };
  expect(call(config)).toEqual({
    config: 'e2e/pw.config.ts',
    args: ['--project=firefox', '--timeout=5000', '--retries=1', '--grep=cart', '--headed'],
    headed: true,
    env: { PLAYWRIGHT_TEST_BASE_URL: 'http://shop.test', BASE_URL: 'http://shop.test', LEVEL: '2' },
    browser: 'firefox',
  });
});

test('a project that is no browser is only a project, a config among the arguments counts, and nothing is added by itself', () => {
  expect(call({ browser: 'desktop', args: ['-c', 'other.config.ts'] })).toMatchObject({
    browser: null,
    args: ['--project=desktop'],
    config: 'other.config.ts',
  });
  expect(call({})).toEqual({ config: undefined, args: [], headed: false, env: {}, browser: null });
});

test('an argument that cannot be passed on is refused with its mend', () => {
  expect(call({ args: ['--shard=1/2'] })).toEqual({ problem: expect.stringContaining('--shards N') as string });
});

test('units name their tests, shards what is settled of them', () => {
  expect(orderOf({ kind: 'units', testIds: ['a', 'b'] }, new Set(['b']))).toEqual({ kind: 'tests', testIds: ['a'] });
  const shard = { kind: 'shard', index: 2, total: 3, settledTestIds: ['x'] } as const;
  expect(orderOf({ ...shard, settledTestIds: ['x'] }, new Set())).toEqual(shard);
});
