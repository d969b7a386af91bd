import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { LINK_PROTOCOL } from '../../shared/protocol/link.ts';
import type { Grant } from '../../shared/protocol/work.ts';
import { FakeCoordinator } from '../support/fake-coordinator.ts';
import { pidsWithEnvironment } from '../../src-main/agent/playwright/process-table.ts';
import { discover, writeSuite } from './playwright/inline-suite.ts';
import { tempFolder, writeFiles } from '../support/folders.ts';
import { markIn, startAgent } from './support.ts';

// Whole Playwright processes: seconds each on a free machine, many times that on a busy one.
vi.setConfig({ testTimeout: 240_000 });

const SUITE = {
  'a.spec.ts': `import { test, expect } from '@playwright/test';
test('quick', () => { expect(1).toBe(1); });
test('slow', async () => { await new Promise((resolve) => setTimeout(resolve, Number(process.env.SLOW_MS ?? 0))); });`,
};
const SLOW = { args: [], env: { SLOW_MS: '30000' } };

async function suiteAndWork(): Promise<{ suite: string; work: Grant['work']; source: Grant['source'] }> {
  const suite = await writeSuite(SUITE);
  const { tests } = await discover(suite);
  return { suite, source: { type: 'path', path: suite }, work: { kind: 'units', testIds: tests.map(({ id }) => id) } };
}

/** The slow test of the suite is being run. */
async function untilRunning(coordinator: FakeCoordinator): Promise<void> {
  await coordinator.until(
    () =>
      coordinator.received('progress').some(({ running }) => running.length === 1) &&
      coordinator.reportsOf('results').length > 0,
  );
}

test('says hello with what the machine is, and offers its slots', async () => {
  const { coordinator, agent, config } = await startAgent({ slots: '3', tags: 'office,gpu' });
  const [hello] = coordinator.hellos;
  expect(hello).toMatchObject({ protocol: LINK_PROTOCOL, slots: 3, tags: ['office', 'gpu'], held: [] });
  expect(hello?.capabilities).toMatchObject({
    platform: process.platform,
    arch: process.arch,
    node_version: process.version,
  });
  expect(hello?.capabilities.fingerprint).toMatch(/^[0-9a-f]{32}$/);
  expect(coordinator.registrations[0]?.capabilities).toEqual({ ...hello?.capabilities, max_parallel: 3 });
  await coordinator.until(() => coordinator.received('offer')[0]?.free === 3);
  const beat = await coordinator.until(() => coordinator.received('heartbeat')[1]);
  expect(beat.metrics.memory_total_bytes).toBeGreaterThan(0);
  expect(beat.metrics.disk_free_bytes).toBeGreaterThan(0);
  expect(beat.metrics.cpu_percent).toBeGreaterThanOrEqual(0);
  agent.drain('test', null);
  expect(await agent.done).toBe(0);
  expect(readdirSync(path.join(config.dataDir, 'work'))).toEqual([]);
});

test('discovers a suite and reports its units', async () => {
  const { suite, source } = await suiteAndWork();
  const { coordinator } = await startAgent({ allowPath: [suite] });
  coordinator.grant({ source, work: { kind: 'discover' } });
  await coordinator.until(() => coordinator.reportsOf('finish')[0]);
  expect(coordinator.reports.map(({ kind }) => kind)).toEqual(['begin', 'discovered', 'finish']);
  const [discovered] = coordinator.reportsOf('discovered');
  expect(discovered?.discovery.tests.map(({ titlePath }) => titlePath.at(-1))).toEqual(['quick', 'slow']);
  expect(discovered?.commit).toBeNull();
  expect(coordinator.reportsOf('finish')[0]?.end).toMatchObject({ how: 'finished', message: null, blobSha256: null });
});

test('a shard says what it holds before it runs, and PLAYWRIGHT_PROJECT_PATH serves runs without a source', async () => {
  const { suite } = await suiteAndWork();
  const { coordinator } = await startAgent({ projectPath: suite });
  coordinator.grant({ work: { kind: 'shard', index: 1, total: 2, settledTestIds: [] } });
  await coordinator.until(() => coordinator.reportsOf('finish')[0]);
  const [planned] = coordinator.reportsOf('planned');
  const results = coordinator.reportsOf('results').flatMap(({ attempts }) => attempts);
  expect(planned?.tests.map(({ id }) => id)).toEqual(results.map(({ testId }) => testId));
  expect(coordinator.reports.map(({ kind }) => kind).slice(0, 3)).toEqual(['begin', 'planned', 'results']);
});

test('a folder that the owner has not allowed is not run from, and the end says so', async () => {
  const { source, work } = await suiteAndWork();
  const { coordinator } = await startAgent();
  coordinator.grant({ source, work });
  const { end } = await coordinator.until(() => coordinator.reportsOf('finish')[0]);
  expect(end).toMatchObject({ how: 'prepare_failed', permanent: false });
  expect(end.message).toContain('does not allow tests from');
});

test('reports whose answers were lost are sent again in order after a reconnect, under the same ids', async () => {
  const { suite, source, work } = await suiteAndWork();
  const { coordinator } = await startAgent({ allowPath: [suite] });
  coordinator.answer = () => null;
  coordinator.grant({ source, work });
  await coordinator.until(() => coordinator.reportsOf('finish')[0]);
  const before = coordinator.reports.length;
  coordinator.answer = () => 'accepted';
  coordinator.breakLink();
  await coordinator.untilConnected(2);
  expect(coordinator.hellos[1]?.held).toEqual([{ taskId: 'task-1', attempt: 1, fence: 1 }]);
  await coordinator.until(() => coordinator.delivered.filter(({ connection }) => connection === 2).length === before);
  // What stays unanswered for long is repeated on the first connection too.
  const onConnection = (which: number) =>
    new Map(
      coordinator.delivered.flatMap(({ connection, id, report }) => (connection === which ? [[id, report]] : [])),
    );
  const [first, second] = [[...onConnection(1)], [...onConnection(2)]];
  expect(second).toEqual(first);
  expect(second.map(([id]) => id)).toEqual(Array.from({ length: before }, (_, i) => i + 1));
  await coordinator.until(() => coordinator.received('heartbeat').at(-1)?.held.length === 0);
  coordinator.breakLink();
  await coordinator.untilConnected(3);
  expect(coordinator.hellos[2]?.held).toEqual([]);
});

test('work that the coordinator cancels is gone within ten seconds, with all it started', async () => {
  const { suite, source, work } = await suiteAndWork();
  const { coordinator, config } = await startAgent({ allowPath: [suite] });
  const grant = coordinator.grant({ source, work, config: SLOW });
  await untilRunning(coordinator);
  expect(pidsWithEnvironment('PLAYFLEET_AGENT', markIn(config)).length).toBeGreaterThan(1);
  const cancelled = performance.now();
  coordinator.send({
    type: 'cancel',
    taskId: grant.taskId,
    attempt: 1,
    fence: grant.fence,
    reason: 'cancelled by ann',
  });
  const { end } = await coordinator.until(() => coordinator.reportsOf('finish')[0]);
  expect(performance.now() - cancelled).toBeLessThan(10_000);
  expect(end).toMatchObject({ how: 'cancelled', message: 'cancelled by ann' });
  expect(pidsWithEnvironment('PLAYFLEET_AGENT', markIn(config))).toEqual([]);
  await coordinator.until(() => !existsSync(path.join(config.dataDir, 'work', String(grant.fence))));
});

test('a task that takes too long is interrupted: its results count, its end says timeout', async () => {
  const { suite, source, work } = await suiteAndWork();
  const { coordinator } = await startAgent({ allowPath: [suite] });
  coordinator.grant({ source, work, config: SLOW, timeoutMs: 12_000 });
  const { end } = await coordinator.until(() => coordinator.reportsOf('finish')[0]);
  expect(end).toMatchObject({ how: 'timeout', message: 'the task took longer than the time-out of 12 s' });
  const settled = coordinator.reportsOf('results').flatMap((report) => report.settled);
  expect(settled.map(({ outcome }) => outcome)).toEqual(['expected']);
});

test('what the coordinator calls stale, at a report or after a reconnect, is stopped and says no more', async () => {
  const { suite, source, work } = await suiteAndWork();
  const { coordinator, config } = await startAgent({ allowPath: [suite] });
  coordinator.grant({ source, work, config: SLOW });
  await untilRunning(coordinator);
  coordinator.stale = (held) => held;
  coordinator.breakLink();
  await coordinator.untilConnected(2);
  expect(coordinator.hellos[1]?.held).toEqual([{ taskId: 'task-1', attempt: 1, fence: 1 }]);
  await coordinator.until(() => pidsWithEnvironment('PLAYFLEET_AGENT', markIn(config)).length === 0);
  await coordinator.until(() => coordinator.received('offer').at(-1)?.free === 2);
  expect(coordinator.reportsOf('finish')).toEqual([]);

  coordinator.answer = (report) => (report.kind === 'begin' ? 'stale' : 'accepted');
  coordinator.grant({ source, work, config: SLOW });
  await coordinator.until(() => coordinator.reportsOf('begin').length === 2);
  await coordinator.until(() => coordinator.received('heartbeat').at(-1)?.held.length === 0);
  expect(coordinator.reportsOf('finish')).toEqual([]);
});

test('without contact for longer than its lease, work stops by itself and is given back', async () => {
  const { suite, source, work } = await suiteAndWork();
  const { coordinator, config } = await startAgent({ allowPath: [suite] });
  coordinator.grant({ source, work, config: SLOW, leaseMs: 4000 });
  await untilRunning(coordinator);
  coordinator.refuseUpgrade = 503;
  coordinator.breakLink();
  await coordinator.until(() => pidsWithEnvironment('PLAYFLEET_AGENT', markIn(config)).length === 0);
  coordinator.refuseUpgrade = null;
  const release = await coordinator.until(() => coordinator.reportsOf('release')[0]);
  expect(release.reason).toContain('longer than the lease of 4 s');
});

test('a link that renews keeps work far beyond the length of its lease', async () => {
  const { suite, source, work } = await suiteAndWork();
  const { coordinator } = await startAgent({ allowPath: [suite] });
  coordinator.grant({ source, work, leaseMs: 2500, config: { args: [], env: { SLOW_MS: '8000' } } });
  const { end } = await coordinator
    .until(() => coordinator.reportsOf('finish')[0] ?? coordinator.reportsOf('release')[0])
    .then((report) => report as { end?: { how: string; wallMs: number } });
  expect(end?.how).toBe('finished');
  expect(end?.wallMs).toBeGreaterThan(8000);
});

test('a paused worker gives back what it is granted, and takes work again when it is active', async () => {
  const { suite, source, work } = await suiteAndWork();
  const { coordinator } = await startAgent({ allowPath: [suite] });
  coordinator.send({ type: 'intent', intent: 'maintenance', reason: 'new disk' });
  await coordinator.until(() => coordinator.received('offer').at(-1)?.free === 0);
  coordinator.grant({ source, work });
  const release = await coordinator.until(() => coordinator.reportsOf('release')[0]);
  expect(release.reason).toBe('the worker is maintenance on the coordinator');
  coordinator.send({ type: 'intent', intent: 'active', reason: '' });
  await coordinator.until(() => coordinator.received('offer').at(-1)?.free === 2);
  coordinator.grant({ source, work });
  await coordinator.until(() => coordinator.reportsOf('finish')[0]);
});

test('attachments that cannot be had say why, and uploads that fail are tried until they arrive', async () => {
  const suite = await writeSuite({
    'a.spec.ts': `import { test } from '@playwright/test';
import fs from 'node:fs';
test('attaches', async ({}, info) => {
  const big = info.outputPath('big.bin');
  fs.writeFileSync(big, Buffer.alloc(2 * 1024 * 1024));
  info.attachments.push({ name: 'big', contentType: 'application/octet-stream', path: big });
  info.attachments.push({ name: 'gone', contentType: 'text/plain', path: info.outputPath('gone.txt') });
  await info.attach('small', { body: 'x'.repeat(1000) });
});`,
  });
  const { tests } = await discover(suite);
  const coordinator = await FakeCoordinator.start();
  let failures = 3;
  coordinator.blobs.misbehave = ({ path: asked }) =>
    asked === '/missing' && failures-- > 0 ? { kind: 'status', status: 400 } : undefined;
  const { config } = await startAgent(
    { allowPath: [suite], config: writeConfig({ attachmentLimitMb: 1 }) },
    coordinator,
  );
  coordinator.grant({
    source: { type: 'path', path: suite },
    work: { kind: 'units', testIds: tests.map(({ id }) => id) },
  });
  const { end } = await coordinator.until(() => coordinator.reportsOf('finish')[0]);
  const attachments = coordinator
    .reportsOf('results')
    .flatMap(({ attempts }) => attempts.flatMap((each) => each.attachments));
  expect(attachments).toMatchObject([
    { name: 'big', sha256: null, missing: 'it is larger than the limit of 1 MB of the worker that ran the test' },
    { name: 'gone', sha256: null, missing: 'the file was gone when the test had ended' },
    { name: 'small', size: 1000 },
  ]);
  await coordinator.until(() => coordinator.blobs.blobs.has(attachments[2]?.sha256 ?? ''));
  // The end was said only when its blob was there.
  expect(coordinator.blobs.blobs.has(end.blobSha256 ?? '')).toBe(true);
  expect(failures).toBeLessThan(0);
  await coordinator.until(() => readdirSync(path.join(config.dataDir, 'uploads')).length === 0);
});

function writeConfig(settings: object): string {
  const folder = tempFolder();
  writeFiles(folder, { 'settings.json': JSON.stringify(settings) });
  return path.join(folder, 'settings.json');
}

test('when the coordinator asks for another pace, heartbeats follow it at once', async () => {
  const { coordinator } = await startAgent();
  coordinator.send({ type: 'pace', logMs: 5_000, heartbeatMs: 100 });
  const before = coordinator.received('heartbeat').length;
  const began = performance.now();
  await coordinator.until(() => coordinator.received('heartbeat').length >= before + 3);
  coordinator.send({ type: 'pace', logMs: 200, heartbeatMs: 60_000 });
  expect(performance.now() - began).toBeGreaterThan(200);
});
