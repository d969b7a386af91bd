import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { startAgent } from './support.ts';
import { discover, writeSuite } from './playwright/inline-suite.ts';

vi.setConfig({ testTimeout: 240_000 });

/** `slow` lasts as long as the file `go` is not there. */
const FILES = {
  'a.spec.ts': `import { test, expect } from '@playwright/test';
import { existsSync } from 'node:fs';
test.describe.configure({ mode: 'parallel' });
test('slow', async () => { test.setTimeout(100_000); await expect.poll(() => existsSync('go'), { timeout: 100_000 }).toBe(true); });
test('next', async ({}, info) => { await info.attach('note', { body: 'x'.repeat(10_000) }); });`,
};

async function rig(files: Record<string, string>) {
  const suite = await writeSuite(files);
  const { units } = await discover(suite);
  const ids = new Map(units.map((unit) => [unit.title, unit.testIds]));
  const started = await startAgent({ allowPath: [suite] });
  const grant = (name: string, runId = 'run-1') =>
    started.coordinator.grant({
      source: { type: 'path', path: suite },
      work: { kind: 'units', testIds: ids.get(name) ?? [] },
      runId,
    });
  const said = (text: string) => started.lines.some((line) => line.includes(text));
  return { ...started, suite, grant, said };
}

test('the next task of a run is taken by a process that was booted ahead, and its results and files arrive as of any other', async () => {
  const { coordinator, config, grant, said, suite } = await rig(FILES);
  const slow = grant('slow');
  await coordinator.until(() => said('a process waits for the next task'));
  const next = grant('next');
  const finish = await coordinator.until(() =>
    coordinator.reportsOf('finish').find(({ fence }) => fence === next.fence),
  );
  expect(said('the process that waited takes the task')).toBe(true);
  expect(finish.end).toMatchObject({ how: 'finished', message: null, notRun: [] });
  // It counts from the order on, not from its boot, which was seconds before.
  expect(finish.end.wallMs).toBeLessThan(60_000);
  const results = coordinator.reportsOf('results').filter(({ fence }) => fence === next.fence);
  expect(results.flatMap(({ settled }) => settled)).toMatchObject([{ outcome: 'expected' }]);
  const [note] = results.flatMap(({ attempts }) => attempts).flatMap(({ attachments }) => attachments);
  await coordinator.until(() => coordinator.blobs.blobs.has(note?.sha256 ?? ''));
  await coordinator.until(() => coordinator.blobs.blobs.has(finish.end.blobSha256 ?? ''));
  await writeFile(path.join(suite, 'go'), '');
  await coordinator.until(() => coordinator.reportsOf('finish').some(({ fence }) => fence === slow.fence));
  // Nothing of it stays behind, nor of the one after it.
  await coordinator.until(() => readdirSync(path.join(config.dataDir, 'work')).length === 0);
});

test('a task of another run does not get it, and it ends with its run', async () => {
  const { coordinator, config, grant, said, suite } = await rig(FILES);
  const slow = grant('slow');
  await coordinator.until(() => said('a process waits for the next task'));
  grant('next', 'run-2');
  await coordinator.until(() => coordinator.reportsOf('finish').length === 1);
  expect(said('the process that waited takes the task')).toBe(false);
  await writeFile(path.join(suite, 'go'), '');
  await coordinator.until(() => coordinator.reportsOf('finish').some(({ fence }) => fence === slow.fence));
  await coordinator.until(() => readdirSync(path.join(config.dataDir, 'work')).length === 0);
});
