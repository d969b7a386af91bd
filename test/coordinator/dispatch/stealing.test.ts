import { expect, test } from 'vitest';
import type { Explanation } from '../../../shared/protocol/rest/explain.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Grant } from '../../../shared/protocol/work.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker, passed } from '../../support/link-worker.ts';
import { discoveryOf } from '../../support/suites.ts';

const testIds = Array.from({ length: 20 }, (_, i) => `t${i}`);
const idsOf = (grant: Grant) => (grant.work.kind === 'units' ? grant.work.testIds : []);

/** A run of 20 tests, all of which the one worker of one slot holds. */
async function busyRun(coordinator: TestCoordinator, protocol: number) {
  const busy = await LinkWorker.enrol(coordinator, { name: 'busy', slots: 1, protocol });
  await busy.connect();
  const answer = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'shop' });
  const { test_run_id: runId } = await okJson<{ test_run_id: string }>(answer);
  const discovery = await busy.grant((grant) => grant.work.kind === 'discover');
  await busy.report({ kind: 'begin', ...heldOf(discovery) });
  await busy.report({ kind: 'discovered', ...heldOf(discovery), discovery: discoveryOf(testIds), commit: null });
  await busy.carryOut(discovery);
  const grant = await busy.grant();
  expect(idsOf(grant)).toHaveLength(20);
  await busy.report({ kind: 'begin', ...heldOf(grant) });
  return { busy, grant, runId };
}

test('an idle slot takes over about half of what another has not begun, and every test is counted once', async () => {
  const coordinator = await startCoordinator();
  const { busy, grant, runId } = await busyRun(coordinator, 2);
  const idle = await LinkWorker.enrol(coordinator, { name: 'idle', slots: 1, protocol: 2 });
  await idle.connect();
  const { testIds: asked, fence } = await busy.next('revoke');
  expect(fence).toBe(grant.fence);
  expect(asked.length).toBeGreaterThan(4);
  expect(asked.length).toBeLessThan(16);
  // One of them has begun meanwhile: the worker keeps it.
  const given = asked.slice(1);
  const revoked = { kind: 'revoked' as const, ...heldOf(grant), testIds: given };
  expect(await busy.report(revoked)).toBe('accepted');
  const stolen = await idle.grant();
  expect(idsOf(stolen).toSorted()).toEqual(given.toSorted());
  // The same answer again changes nothing.
  expect(await busy.report(revoked)).toBe('accepted');
  const kept = testIds.filter((id) => !given.includes(id));
  await busy.report(passed(grant, kept));
  expect(await busy.carryOut(grant)).toBe('accepted');
  expect(await idle.carryOut(stolen, given)).toBe('accepted');
  const run = await okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${runId}`));
  expect(run).toMatchObject({
    status: 'completed',
    outcome: 'passed',
    tests: { total: 20, settled: 20, expected: 20 },
  });
  expect(idle.waiting('grant') + busy.waiting('grant')).toBe(0);
});

test('a worker that has nothing to give is left alone for a while, and its tests stay its own', async () => {
  const coordinator = await startCoordinator();
  const { busy, grant, runId } = await busyRun(coordinator, 2);
  const idle = await LinkWorker.enrol(coordinator, { name: 'idle', slots: 1, protocol: 2 });
  await idle.connect();
  await busy.next('revoke');
  expect(await busy.report({ kind: 'revoked', ...heldOf(grant), testIds: [] })).toBe('accepted');
  expect(await busy.report({ kind: 'revoked', ...heldOf(grant), testIds: ['nonsense'] })).toBe('accepted');
  const before = performance.now();
  await busy.next('revoke');
  expect(performance.now() - before).toBeGreaterThan(500);
  expect(await busy.carryOut(grant, testIds)).toBe('accepted');
  const run = await okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${runId}`));
  expect(run).toMatchObject({ status: 'completed', tests: { expected: 20 } });
});

test('what was given back by a grant that has ended changes nothing', async () => {
  const coordinator = await startCoordinator();
  const { busy, grant } = await busyRun(coordinator, 2);
  expect(await busy.carryOut(grant, testIds)).toBe('accepted');
  expect(await busy.report({ kind: 'revoked', ...heldOf(grant), testIds: ['t1'] })).toBe('stale');
});

test('an agent of before is not asked for what it does not understand', async () => {
  const coordinator = await startCoordinator();
  const { busy, grant } = await busyRun(coordinator, 1);
  const idle = await LinkWorker.enrol(coordinator, { name: 'idle', slots: 1, protocol: 2 });
  await idle.connect();
  await busy.report(passed(grant, ['t0']));
  await idle.report({ kind: 'release', ...heldOf(grant), reason: 'not mine' });
  expect(busy.waiting('revoke')).toBe(0);
  expect(await busy.carryOut(grant, testIds.slice(1))).toBe('accepted');
});

test('one odd duration does not lead what is expected of a test', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { name: 'one', slots: 1, protocol: 2 });
  await worker.connect();
  const took = async (durationMs: number) => {
    const answer = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'shop', project: 'shop' });
    const { test_run_id: runId } = await okJson<{ test_run_id: string }>(answer);
    const discovery = await worker.grant((grant) => grant.work.kind === 'discover');
    await worker.report({ kind: 'begin', ...heldOf(discovery) });
    await worker.report({ kind: 'discovered', ...heldOf(discovery), discovery: discoveryOf(['t']), commit: null });
    await worker.carryOut(discovery);
    const grant = await worker.grant();
    await worker.report({ kind: 'begin', ...heldOf(grant) });
    const results = passed(grant, ['t']);
    if (results.kind === 'results') for (const attempt of results.attempts) attempt.durationMs = durationMs;
    await worker.report(results);
    await worker.carryOut(grant);
    const { surprises } = await okJson<Explanation>(
      await coordinator.request('GET', `/api/v1/test-runs/${runId}/explain`),
    );
    return surprises;
  };
  await took(1_000);
  await took(100_000);
  // Had the odd one counted in full, 30.7 s would be expected now.
  const [surprise] = await took(10_000);
  expect(surprise?.expected_ms).toBeLessThan(2_000);
});

test('what a worker says of tests that are not its own is not counted', async () => {
  const coordinator = await startCoordinator();
  const { busy, grant, runId } = await busyRun(coordinator, 2);
  const idle = await LinkWorker.enrol(coordinator, { name: 'idle', slots: 1, protocol: 2 });
  await idle.connect();
  const { testIds: given } = await busy.next('revoke');
  await busy.report({ kind: 'revoked', ...heldOf(grant), testIds: given });
  const stolen = await idle.grant();
  await idle.report({ kind: 'begin', ...heldOf(stolen) });
  const kept = testIds.filter((id) => !given.includes(id));
  expect(await idle.report(passed(stolen, kept))).toBe('accepted');
  const run = await okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${runId}`));
  expect(run.tests.settled).toBe(0);
});
