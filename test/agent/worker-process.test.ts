import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Grant } from '../../shared/protocol/work.ts';
import { pidsWithEnvironment } from '../../src-main/agent/playwright/process-table.ts';
import { FakeCoordinator } from '../support/fake-coordinator.ts';
import { discover, writeSuite } from './playwright/inline-suite.ts';
import { markIn } from './support.ts';
import { connected, startWorker, type WorkerProcess } from './worker-process.ts';

// Whole Playwright processes: seconds each on a free machine, many times that on a busy one.
vi.setConfig({ testTimeout: 240_000 });

/** A suite of one test that passes at once and one that takes `SLOW_MS` and has a child that ignores everything but SIGKILL. */
async function slowWork(slowMs: number): Promise<{ suite: string } & Pick<Grant, 'source' | 'work' | 'config'>> {
  const suite = await writeSuite({
    'a.spec.ts': `import { test } from '@playwright/test';
import { spawn } from 'node:child_process';
test('quick', () => {});
test('slow', async () => {
  const stubborn = "process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); setInterval(() => {}, 1000)";
  const child = spawn(process.execPath, ['-e', stubborn], { detached: true, stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.SLOW_MS)));
  child.kill('SIGKILL');
});`,
  });
  const { tests } = await discover(suite);
  return {
    suite,
    source: { type: 'path', path: suite },
    work: { kind: 'units', testIds: tests.map(({ id }) => id) },
    config: { args: [], env: { SLOW_MS: String(slowMs) } },
  };
}

const leftOf = (worker: Pick<WorkerProcess, 'dataDir'>): number[] =>
  pidsWithEnvironment('PLAYFLEET_AGENT', markIn(worker));

async function untilSlowRuns(coordinator: FakeCoordinator, worker: WorkerProcess): Promise<void> {
  await coordinator.until(
    () => coordinator.reportsOf('results').length > 0 && leftOf(worker).length >= 3,
    'the slow test',
  );
}

test('told to stop, a worker finishes what runs, takes nothing new, and ends with 0', async () => {
  const { suite, ...work } = await slowWork(6000);
  const coordinator = await FakeCoordinator.start();
  const worker = startWorker(coordinator, ['--allow-path', suite]);
  await connected(coordinator, worker);
  coordinator.grant(work);
  await untilSlowRuns(coordinator, worker);
  worker.kill('SIGTERM');
  const intent = await coordinator.until(() => coordinator.received('intent')[0]);
  expect(intent).toMatchObject({ intent: 'draining', reason: 'the worker was told to stop (SIGTERM)' });
  coordinator.grant(work);
  expect(await worker.ended).toBe(0);
  expect(coordinator.reportsOf('finish').map(({ fence, end }) => [fence, end.how])).toEqual([[1, 'finished']]);
  expect(coordinator.reportsOf('release')).toMatchObject([{ fence: 2, reason: 'the worker is stopping' }]);
  expect(leftOf(worker)).toEqual([]);
  expect(readdirSync(path.join(worker.dataDir, 'uploads'))).toEqual([]);

  // The intent was the machine's own: the next start takes it back.
  coordinator.welcome = { intent: 'draining' };
  startWorker(coordinator, [], worker.dataDir);
  await coordinator.until(() => coordinator.received('intent')[1]?.intent === 'active');
});

test('told twice, it gives back what runs, and nothing is left', async () => {
  const { suite, ...work } = await slowWork(60_000);
  const coordinator = await FakeCoordinator.start();
  const worker = startWorker(coordinator, ['--allow-path', suite]);
  await connected(coordinator, worker);
  coordinator.grant(work);
  await untilSlowRuns(coordinator, worker);
  worker.kill('SIGINT');
  await coordinator.until(() => coordinator.received('intent').length === 1);
  const second = performance.now();
  worker.kill('SIGINT');
  expect(await worker.ended).toBe(0);
  expect(performance.now() - second).toBeLessThan(15_000);
  expect(coordinator.reportsOf('release')).toMatchObject([{ reason: 'the worker was told to stop at once (SIGINT)' }]);
  expect(leftOf(worker)).toEqual([]);
});

test('a drain has an end where the owner sets one', async () => {
  const { suite, ...work } = await slowWork(60_000);
  const coordinator = await FakeCoordinator.start();
  const worker = startWorker(coordinator, ['--allow-path', suite, '--drain-timeout', '1']);
  await connected(coordinator, worker);
  coordinator.grant(work);
  await untilSlowRuns(coordinator, worker);
  worker.kill('SIGTERM');
  expect(await worker.ended).toBe(0);
  expect(coordinator.reportsOf('release')[0]?.reason).toContain('the time to finish is over');
});

test('killed in the middle, it leaves nothing for good: the next start ends what runs on and sends what was not answered', async () => {
  const { suite, ...work } = await slowWork(60_000);
  const coordinator = await FakeCoordinator.start();
  coordinator.answer = (report) => (report.kind === 'begin' ? 'accepted' : null);
  const worker = startWorker(coordinator, ['--allow-path', suite]);
  await connected(coordinator, worker);
  coordinator.grant(work);
  await untilSlowRuns(coordinator, worker);
  const results = coordinator.delivered.find(({ report }) => report.kind === 'results');
  worker.kill('SIGKILL');
  await worker.ended;
  expect(leftOf(worker).length).toBeGreaterThanOrEqual(1);

  coordinator.answer = () => 'accepted';
  const next = startWorker(coordinator, ['--allow-path', suite], worker.dataDir);
  await connected(coordinator, next, 2);
  expect(leftOf(worker)).toEqual([]);
  expect(next.output()).toContain('a previous agent had left processes behind');
  expect(coordinator.hellos[1]?.held).toEqual([{ taskId: 'task-1', attempt: 1, fence: 1 }]);
  await coordinator.until(() =>
    coordinator.delivered.some(({ connection, id }) => connection === 2 && id === results?.id),
  );
  await coordinator.until(() => coordinator.received('heartbeat').at(-1)?.held.length === 0);
  // Its results count first, then it is a crash: a test that kills agents must not go round for ever.
  expect(coordinator.delivered.at(-1)?.report).toMatchObject({
    kind: 'finish',
    end: { how: 'crashed', message: 'the agent on the worker was killed while it ran this task' },
  });
  expect(coordinator.registrations).toHaveLength(1);
  expect(readdirSync(path.join(worker.dataDir, 'work'))).toEqual([]);
});

test('stopped for longer than its lease and woken, it asks before it does anything, and ends what it may no longer do', async () => {
  const { suite, ...work } = await slowWork(60_000);
  const coordinator = await FakeCoordinator.start();
  const worker = startWorker(coordinator, ['--allow-path', suite]);
  await connected(coordinator, worker);
  coordinator.grant({ ...work, leaseMs: 5000 });
  await untilSlowRuns(coordinator, worker);
  worker.kill('SIGSTOP');
  const stopped = performance.now();
  // Comes while it sleeps and waits in its socket: by then somebody else may have it.
  coordinator.grant({ ...work, leaseMs: 5000 });
  await coordinator.until(() => performance.now() - stopped > 7000);
  worker.kill('SIGCONT');
  const woken = performance.now();
  await coordinator.untilConnected(2);
  expect(coordinator.hellos[1]?.held).toEqual([{ taskId: 'task-1', attempt: 1, fence: 1 }]);
  await coordinator.until(() => leftOf(worker).length === 0);
  console.log(
    `SIGSTOP for 7 s, lease 5 s: browsers and processes gone ${Math.round(performance.now() - woken)} ms after waking`,
  );
  const release = await coordinator.until(() => coordinator.reportsOf('release')[0]);
  expect(release).toMatchObject({ fence: 1 });
  expect(release.reason).toContain('longer than the lease of 5 s');
  expect(coordinator.reportsOf('begin').map(({ fence }) => fence)).toEqual([1]);
});

test('two workers cannot share a data folder, and one whose key was revoked ends with its own code', async () => {
  const coordinator = await FakeCoordinator.start();
  const first = startWorker(coordinator);
  await connected(coordinator, first);
  const second = startWorker(coordinator, [], first.dataDir);
  expect(await second.ended).toBe(2);
  expect(second.output()).toContain(
    `another agent is using the data folder ${first.dataDir}: stop it, or give this one its own with --data`,
  );
  coordinator.closeLink(4401, 'key_refused');
  expect(await first.ended).toBe(3);
  expect(first.output()).toContain("does not accept this worker's key");
});
