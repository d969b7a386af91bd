import { expect, test, vi } from 'vitest';
import { pidsWithEnvironment, readProcessTable } from '../../src-main/agent/playwright/process-table.ts';
import { discover, writeSuite } from './playwright/inline-suite.ts';
import { markIn, startAgent } from './support.ts';

// Whole Playwright processes: seconds each on a free machine, many times that on a busy one.
vi.setConfig({ testTimeout: 240_000 });

const SUITE = {
  'playwright.config.ts': `export default { use: { trace: 'on', screenshot: 'on', browserName: 'chromium' } };`,
  'page.spec.ts': `import { test, expect } from '@playwright/test';
test('looks at a page', async ({ page }) => {
  await page.setContent('<h1>Hello</h1>');
  await expect(page.getByRole('heading')).toHaveText('Hello');
});
test('never gives up the processor', async ({ page }) => {
  test.skip(!process.env.SPIN);
  await page.setContent('<h1>Busy</h1>');
  for (;;) {}
});`,
};

test('a page test runs in a real browser: its screenshot and trace arrive, and the browser is among the capabilities', async () => {
  const suite = await writeSuite(SUITE);
  const { tests } = await discover(suite);
  const { coordinator, config } = await startAgent({ allowPath: [suite], allowSystemBrowser: true });
  expect(coordinator.hellos[0]?.capabilities.browsers.chromium?.version).toMatch(/^\d+\./);

  coordinator.grant({
    source: { type: 'path', path: suite },
    work: { kind: 'units', testIds: tests.map(({ id }) => id) },
  });
  const { end } = await coordinator.until(() => coordinator.reportsOf('finish')[0]);
  expect(end).toMatchObject({ how: 'finished', message: null });
  expect(end.peakMemoryBytes).toBeGreaterThan(100e6);
  const [attempt] = coordinator.reportsOf('results').flatMap((report) => report.attempts);
  expect(attempt?.errors).toEqual([]);
  expect(attempt?.status).toBe('passed');
  expect(attempt?.attachments.map(({ name }) => name).sort()).toEqual(['screenshot', 'trace']);
  for (const { sha256, size } of attempt?.attachments ?? []) {
    await coordinator.until(() => coordinator.blobs.blobs.get(sha256 ?? '')?.length === size);
  }
  // One that was booted ahead for the run's next task goes a few seconds later.
  await coordinator.until(() => pidsWithEnvironment('PLAYFLEET_AGENT', markIn(config)).length === 0);
});

test('cancelled while a test holds the processor, neither the test nor its browser is left within ten seconds', async () => {
  const suite = await writeSuite(SUITE);
  const { tests } = await discover(suite);
  const { coordinator, config } = await startAgent({ allowPath: [suite], allowSystemBrowser: true });
  const grant = coordinator.grant({
    source: { type: 'path', path: suite },
    work: { kind: 'units', testIds: tests.map(({ id }) => id) },
    config: { args: [], env: { SPIN: '1' } },
  });
  const mark = markIn(config);
  await coordinator.until(
    () => coordinator.reportsOf('results').length > 0 && coordinator.received('progress').at(-1)?.running.length === 1,
  );
  const family = await coordinator.until(() => {
    const pids = pidsWithEnvironment('PLAYFLEET_AGENT', mark);
    return pids.length >= 3 && pids;
  });
  const cancelled = performance.now();
  coordinator.send({ type: 'cancel', taskId: grant.taskId, attempt: 1, fence: grant.fence, reason: 'enough' });
  await coordinator.until(() => coordinator.reportsOf('finish')[0]);
  const took = performance.now() - cancelled;
  console.log(
    `a test that spins, with its browser: gone ${Math.round(took)} ms after the cancel (${family.length} marked processes)`,
  );
  expect(took).toBeLessThan(10_000);
  const alive = readProcessTable();
  expect(family.filter((pid) => alive.has(pid))).toEqual([]);
  expect(pidsWithEnvironment('PLAYFLEET_AGENT', mark)).toEqual([]);
});
