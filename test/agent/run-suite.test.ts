import { expect, test, vi } from 'vitest';
import { startAgent } from './support.ts';
import { discover, writeSuite } from './playwright/inline-suite.ts';

// Whole Playwright processes: seconds each on a free machine, many times that on a busy one.
vi.setConfig({ testTimeout: 240_000 });

const PLAIN = {
  'a.spec.ts': `import { test, expect } from '@playwright/test';
test('adds', async ({}, info) => {
  console.log('hello from a test');
  await info.attach('note', { body: 'some bytes' });
  expect(1 + 1).toBe(2);
});
test('fails', () => { expect(1).toBe(2); });`,
};

test('a unit task is run in a slot and reported from begin to finish, with attachments and blob uploaded', async () => {
  const suite = await writeSuite(PLAIN);
  const { tests } = await discover(suite);
  const { coordinator, config } = await startAgent({ allowPath: [suite] });

  coordinator.grant({
    source: { type: 'path', path: suite },
    work: { kind: 'units', testIds: tests.map(({ id }) => id) },
  });
  const finish = await coordinator.until(() => coordinator.reportsOf('finish')[0]);

  expect(finish.end).toMatchObject({ how: 'finished', message: null, notRun: [], permanent: false });
  expect(coordinator.reports.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1])).toEqual([
    'begin',
    'results',
    'finish',
  ]);
  const attempts = coordinator.reportsOf('results').flatMap((report) => report.attempts);
  expect(attempts.map(({ status }) => status).sort()).toEqual(['failed', 'passed']);
  const settled = coordinator.reportsOf('results').flatMap((report) => report.settled);
  expect(settled.map(({ outcome }) => outcome).sort()).toEqual(['expected', 'unexpected']);
  const [note] = attempts.flatMap(({ attachments }) => attachments);
  await coordinator.until(() => coordinator.blobs.blobs.has(note?.sha256 ?? ''));
  expect(coordinator.blobs.blobs.get(note?.sha256 ?? '')?.toString()).toBe('some bytes');
  expect(coordinator.blobs.blobs.get(finish.end.blobSha256 ?? '')?.length).toBe(finish.end.blobSize);
  expect(
    coordinator
      .received('log')
      .map(({ text }) => text)
      .join(''),
  ).toContain('hello from a test');
  expect(config.slots).toBe(2);
  await coordinator.until(() => coordinator.received('offer').at(-1)?.free === 2);
});
