import { expect, test } from 'vitest';
import type { Explanation } from '../../../shared/protocol/rest/explain.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Task } from '../../../shared/protocol/rest/tasks.ts';
import type { Grant } from '../../../shared/protocol/work.ts';
import { planRaces, type Straggler } from '../../../coordinator/dispatch/rules/race.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { ended, heldOf, LinkWorker, passed } from '../../support/link-worker.ts';
import { discoveryOf } from '../../support/suites.ts';

const straggler = (over: Partial<Straggler> = {}): Straggler => ({
  fence: 1,
  workerId: 'slow',
  speed: 1,
  units: [{ no: 0, expectedMs: 1_000, runningForMs: 10_000 }],
  ...over,
});

test('a test that runs far longer than expected is raced on the fastest idle machine', () => {
  const idle = [
    { id: 'slow', slots: 4, speed: 2 },
    { id: 'fair', slots: 1, speed: 1 },
    { id: 'fast', slots: 1, speed: 1.5 },
  ];
  expect(planRaces([straggler()], idle, 2_000)).toEqual([{ fence: 1, workerId: 'fast' }]);
});

test('each idle slot races one grant, those with the most left first', () => {
  const long = straggler({ fence: 2, units: [{ no: 1, expectedMs: 1_000, runningForMs: 60_000 }] });
  expect(planRaces([straggler(), long], [{ id: 'fast', slots: 1, speed: 1 }], 2_000)).toEqual([
    { fence: 2, workerId: 'fast' },
  ]);
});

test('nothing is raced that still has something to give, that ends soon anyway, or that a racer would not end clearly sooner', () => {
  const idle = [{ id: 'fast', slots: 4, speed: 1 }];
  const waiting = straggler({
    units: [
      { no: 0, expectedMs: 1_000, runningForMs: 10_000 },
      { no: 1, expectedMs: 1_000, runningForMs: null },
    ],
  });
  const onTime = straggler({ units: [{ no: 0, expectedMs: 10_000, runningForMs: 1_000 }] });
  const nearly = straggler({ units: [{ no: 0, expectedMs: 8_000, runningForMs: 10_000 }] });
  expect(planRaces([waiting, onTime, nearly, straggler({ units: [] })], idle, 2_000)).toEqual([]);
});

test('a slow machine is raced although its test takes no longer than it does there', () => {
  const slow = straggler({ speed: 0.25, units: [{ no: 0, expectedMs: 10_000, runningForMs: 1_000 }] });
  expect(planRaces([slow], [{ id: 'fast', slots: 1, speed: 1 }], 2_000)).toHaveLength(1);
});

const testIds = Array.from({ length: 6 }, (_, i) => `t${i}`);
const LAST = 't5';

/** A run of which the worker "first" holds the last test and an idle one, "second", has begun to race it. */
async function race(coordinator: TestCoordinator) {
  const first = await LinkWorker.enrol(coordinator, { name: 'first', slots: 1, protocol: 2 });
  await first.connect();
  // What a run before it taught: tests and processes take next to no time.
  await start(coordinator, first, testIds);
  const { runId, grant } = await start(coordinator, first, testIds.slice(0, 5));
  first.say({ type: 'progress', ...heldOf(grant), running: [{ testId: LAST, retry: 0 }] });
  const second = await LinkWorker.enrol(coordinator, { name: 'second', slots: 1, protocol: 2 });
  await second.connect();
  const racer = await second.grant();
  expect(racer.work).toEqual({ kind: 'units', testIds: [LAST] });
  expect(await second.report({ kind: 'begin', ...heldOf(racer) })).toBe('accepted');
  return { first, second, grant, racer, runId };
}

/** `done` of its tests pass; it ends where all do. */
async function start(coordinator: TestCoordinator, worker: LinkWorker, done: string[], project = 'shop') {
  const answer = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'all', project });
  const { test_run_id: runId } = await okJson<{ test_run_id: string }>(answer);
  const discovery = await worker.grant((grant) => grant.work.kind === 'discover');
  await worker.report({ kind: 'begin', ...heldOf(discovery) });
  await worker.report({ kind: 'discovered', ...heldOf(discovery), discovery: discoveryOf(testIds), commit: null });
  await worker.carryOut(discovery);
  const grant = await worker.grant();
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  await worker.report(passed(grant, done));
  if (done.length === testIds.length) await worker.report({ kind: 'finish', ...heldOf(grant), end: ended() });
  return { runId, grant };
}

const runOf = async (coordinator: TestCoordinator, runId: string) =>
  okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${runId}`));
const tasksOf = async (coordinator: TestCoordinator, runId: string) =>
  (await okJson<{ items: Task[] }>(await coordinator.request('GET', `/api/v1/test-runs/${runId}/tasks`))).items;
const finish = (worker: LinkWorker, grant: Grant, over = {}) =>
  worker.report({ kind: 'finish', ...heldOf(grant), end: ended(over) });
const done = { status: 'completed', outcome: 'passed', tests: { total: 6, settled: 6, expected: 6 }, progress: 100 };

test('a racer that is first decides the test; the other is told to stop and is not counted', async () => {
  const coordinator = await startCoordinator();
  const { first, second, grant, racer, runId } = await race(coordinator);
  expect(await second.report(passed(racer, [LAST]))).toBe('accepted');
  expect(await finish(second, racer)).toBe('accepted');
  expect(await first.next('cancel')).toMatchObject({ fence: grant.fence });
  expect(await first.report(passed(grant, [LAST]))).toBe('stale');
  expect(await finish(first, grant, { how: 'cancelled' })).toBe('stale');
  expect(await runOf(coordinator, runId)).toMatchObject(done);
  const explained = await okJson<Explanation>(await coordinator.request('GET', `/api/v1/test-runs/${runId}/explain`));
  expect(explained.races).toMatchObject([{ from: 'first', to: 'second', tests: 1, won: true }]);
  expect(explained.slots).toBe(2);
});

test('where the raced machine is first, the racer is told to stop and is not counted', async () => {
  const coordinator = await startCoordinator();
  const { first, second, grant, racer, runId } = await race(coordinator);
  expect(await first.report(passed(grant, [LAST]))).toBe('accepted');
  expect(await finish(first, grant)).toBe('accepted');
  expect(await second.next('cancel')).toMatchObject({ fence: racer.fence });
  expect(await second.report(passed(racer, [LAST]))).toBe('stale');
  expect(await runOf(coordinator, runId)).toMatchObject(done);
  const racing = (await tasksOf(coordinator, runId)).find((task) => task.race_of !== null);
  expect(racing).toMatchObject({ race_of: grant.taskId, status: 'cancelled' });
});

test('a racer that crashes or gives up costs nothing: the raced machine goes on', async () => {
  const coordinator = await startCoordinator();
  const { first, second, grant, racer, runId } = await race(coordinator);
  expect(await finish(second, racer, { how: 'crashed', message: 'boom' })).toBe('accepted');
  expect(await finish(second, racer, { how: 'crashed', message: 'boom' })).toBe('accepted');
  expect(await first.report(passed(grant, [LAST]))).toBe('accepted');
  expect(await finish(first, grant)).toBe('accepted');
  expect(await runOf(coordinator, runId)).toMatchObject(done);
  expect(second.waiting('grant')).toBe(0);
});

test('what a racer says it did not run is left to the raced machine', async () => {
  const coordinator = await startCoordinator();
  const { first, second, grant, racer, runId } = await race(coordinator);
  expect(await finish(second, racer, { notRun: [LAST] })).toBe('accepted');
  expect(await runOf(coordinator, runId)).toMatchObject({ status: 'running', tests: { settled: 5 } });
  expect(await first.report(passed(grant, [LAST]))).toBe('accepted');
  expect(await finish(first, grant)).toBe('accepted');
  expect(await runOf(coordinator, runId)).toMatchObject(done);
});

test('when the raced machine fails, its racer goes on alone, as an ordinary task with its own retries', async () => {
  const coordinator = await startCoordinator();
  const { first, second, grant, racer, runId } = await race(coordinator);
  expect(await finish(first, grant, { how: 'crashed', message: 'boom' })).toBe('accepted');
  expect(await runOf(coordinator, runId)).toMatchObject({ status: 'running', tests: { settled: 5 } });
  expect(first.waiting('grant')).toBe(0);
  expect(await second.report({ kind: 'release', ...heldOf(racer), reason: 'sleep' })).toBe('accepted');
  const again = await Promise.race([first.grant(), second.grant()]);
  expect(again).toMatchObject({ taskId: racer.taskId, attempt: 2, work: { testIds: [LAST] } });
});

test('a cancelled run stops both', async () => {
  const coordinator = await startCoordinator();
  const { first, second, grant, racer, runId } = await race(coordinator);
  const cancelled = coordinator.request('POST', `/api/v1/test-runs/${runId}/cancel`, { reason: 'enough' });
  expect(await first.next('cancel')).toMatchObject({ fence: grant.fence });
  expect(await second.next('cancel')).toMatchObject({ fence: racer.fence });
  await finish(first, grant, { how: 'cancelled' });
  await finish(second, racer, { how: 'cancelled' });
  expect((await cancelled).status).toBe(200);
});

test('without race_stragglers nothing is raced, and with it the same machine is', async () => {
  const coordinator = await startCoordinator();
  await coordinator.request('PUT', '/api/v1/settings', { race_stragglers: false });
  const first = await LinkWorker.enrol(coordinator, { name: 'first', slots: 1, protocol: 2 });
  await first.connect();
  await start(coordinator, first, testIds);
  const { grant } = await start(coordinator, first, testIds.slice(0, 5));
  first.say({ type: 'progress', ...heldOf(grant), running: [{ testId: LAST, retry: 0 }] });
  // So that the other run is cut for one slot.
  first.say({ type: 'intent', intent: 'draining', reason: 'going home' });
  const third = await LinkWorker.enrol(coordinator, { name: 'third', slots: 1, protocol: 2 });
  await third.connect();
  const { grant: other } = await start(coordinator, third, [], 'other');
  const second = await LinkWorker.enrol(coordinator, { name: 'second', slots: 1, protocol: 2 });
  await second.connect();
  // The idle slot asks the third worker, and again a second later: by then the last test has run long enough to be raced.
  for (let asked = 0; asked < 3; asked++) {
    await third.next('revoke');
    await third.report({ kind: 'revoked', ...heldOf(other), testIds: [] });
  }
  expect(second.waiting('grant')).toBe(0);
  await coordinator.request('PUT', '/api/v1/settings', { race_stragglers: true });
  expect((await second.grant()).work).toEqual({ kind: 'units', testIds: [LAST] });
});
