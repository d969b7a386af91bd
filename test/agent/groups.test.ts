/** Groups and Playwright's own project dependencies, with everything real: coordinator, agent, Playwright. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { Agent } from '../../src-main/agent/agent.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { okJson, startCoordinator } from '../support/coordinator.ts';
import { configFor, captureLog } from './support.ts';
import { writeSuite } from './playwright/inline-suite.ts';

vi.setConfig({ testTimeout: 240_000 });

const SUITE = {
  'playwright.config.ts': `import { defineConfig } from '@playwright/test';
export default defineConfig({
  fullyParallel: true,
  projects: [
    { name: 'log in', testMatch: /login\\.ts/ },
    { name: 'web', testMatch: /spec\\.ts/, dependencies: ['log in'] },
  ],
});`,
  'login.ts': `import { test } from '@playwright/test';
test('logs in', () => { process.env.LOGGED_IN_BY = String(process.pid); });`,
  'smoke.spec.ts': `import { test, expect } from '@playwright/test';
test('answers', { tag: '@smoke' }, () => {});
test('greets', { tag: '@smoke' }, () => { expect(1).toBe(Number(process.env.GREETING)); });`,
  'shop.spec.ts': `import { test } from '@playwright/test';
for (const name of ['one', 'two', 'three']) test(name, () => {});`,
};

const groups = [
  { name: 'smoke', select: { tag: '@smoke' } },
  { name: 'shop', select: { file: 'shop.spec.ts' }, after: ['smoke'] },
];

test('the second group begins when the first has passed, is left out when it failed, and the setup project runs in both', async () => {
  const suite = await writeSuite(SUITE);
  const coordinator = await startCoordinator();
  const config = configFor(coordinator, {
    join: `${coordinator.url}#${await coordinator.joinToken()}`,
    allowPath: [suite],
    allowSystemBrowser: true,
  });
  const agent = await Agent.start(config, captureLog().log);
  onTestFinished(async () => {
    agent.giveBack('the test is over');
    await agent.done;
  });
  const run = async (greeting: string): Promise<Run> => {
    const body = {
      name: 'shop',
      source: { type: 'path', path: suite },
      config: { groups, env: { GREETING: greeting } },
    };
    const created = await coordinator.request('POST', '/api/v1/test-runs/create', body);
    const { test_run_id: id } = await okJson<{ test_run_id: string }>(created);
    const read = async () => okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${id}`));
    const ended = async () => expect(await read()).toMatchObject({ completed_at: expect.any(String) as string });
    await vi.waitFor(ended, { timeout: 60_000, interval: 200 });
    return read();
  };

  const good = await run('1');
  expect(good).toMatchObject({
    outcome: 'passed',
    tests: { total: 6, expected: 6 },
    groups: [
      { state: 'passed', tests: 2 },
      { state: 'passed', tests: 3 },
    ],
  });
  const bad = await run('2');
  expect(bad).toMatchObject({
    status: 'completed',
    outcome: 'failed',
    tests: { total: 6, settled: 6, expected: 2, unexpected: 1, skipped: 3 },
    groups: [{ state: 'failed' }, { state: 'skipped', reason: 'group "smoke" failed' }],
  });
});
