import { expect, test } from 'vitest';
import type { Run, RunProgress } from '../../../shared/protocol/rest/runs.ts';
import type { TestDetail } from '../../../shared/protocol/rest/results.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { ended, heldOf, LinkWorker, passed } from '../../support/link-worker.ts';
import { discoveryOf } from '../../support/suites.ts';

async function createRun(coordinator: TestCoordinator, over: object = {}): Promise<string> {
  const answer = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'shop', ...over });
  return (await okJson<{ test_run_id: string }>(answer)).test_run_id;
}

const getRun = async (coordinator: TestCoordinator, id: string) =>
  okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${id}`));

/** Lets a worker discover a queue run. */
async function discover(worker: LinkWorker, testIds: string[], over: object = {}): Promise<void> {
  const grant = await worker.grant((candidate) => candidate.work.kind === 'discover');
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  await worker.report({ kind: 'discovered', ...heldOf(grant), discovery: discoveryOf(testIds, over), commit: null });
  await worker.carryOut(grant);
}

const idsOf = (grant: Awaited<ReturnType<LinkWorker['grant']>>) =>
  grant.work.kind === 'units' ? grant.work.testIds : [];

test('a queue run is discovered once, handed out, and completes with each test counted once', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const run = await createRun(coordinator);
  await discover(worker, ['a', 'b', 'c']);
  const seen: string[] = [];
  while (seen.length < 3) {
    const grant = await worker.grant();
    seen.push(...idsOf(grant));
    expect(await worker.carryOut(grant, idsOf(grant))).toBe('accepted');
  }
  expect(seen.toSorted()).toEqual(['a', 'b', 'c']);
  const final = await getRun(coordinator, run);
  expect(final).toMatchObject({ status: 'completed', outcome: 'passed', tests: { total: 3, expected: 3 } });
});

test('when a worker dies, its unfinished tests go to another one and finished ones are not repeated', async () => {
  const coordinator = await startCoordinator();
  const dying = await LinkWorker.enrol(coordinator, { name: 'dying', slots: 1 });
  await dying.connect();
  await createRun(coordinator);
  await discover(dying, ['a', 'b', 'c', 'd', 'e', 'f']);
  const grant = await dying.grant();
  const [done = '', ...rest] = idsOf(grant);
  await dying.report({ kind: 'begin', ...heldOf(grant) });
  await dying.report(passed(grant, [done]));
  const started = performance.now();
  dying.drop();
  const rescuer = await LinkWorker.enrol(coordinator, { name: 'rescuer', slots: 4 });
  await rescuer.connect();
  const again = await rescuer.grant((candidate) => candidate.taskId === grant.taskId);
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(idsOf(again).toSorted()).toEqual(rest.toSorted());
  expect(again.attempt).toBe(2);
  expect(again.fence).toBeGreaterThan(grant.fence);
});

test('a worker whose line breaks again and again keeps what it holds, as long as no break lasts', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  await createRun(coordinator, { total_shards: 1 });
  const grant = await worker.grant();
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  // Longer than one break may last, and it is away for most of the time.
  const end = performance.now() + 5_000;
  while (performance.now() < end) {
    worker.drop();
    const welcome = await worker.connect([heldOf(grant)]);
    expect(welcome.stale).toEqual([]);
  }
  expect(await worker.carryOut(grant)).toBe('accepted');
});

test('grants that are lost on the way cost no retry', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const run = await createRun(coordinator, { total_shards: 1 });
  for (let lost = 0; lost < 5; lost++) {
    await worker.grant();
    await worker.connect();
  }
  const grant = await worker.grant();
  expect(grant.attempt).toBe(6);
  expect(await worker.carryOut(grant)).toBe('accepted');
  expect(await getRun(coordinator, run)).toMatchObject({ status: 'completed' });
});

test('a report of a grant that has gone elsewhere is stale: kept, not counted', async () => {
  const coordinator = await startCoordinator();
  const first = await LinkWorker.enrol(coordinator, { name: 'first', slots: 1 });
  await first.connect();
  const run = await createRun(coordinator);
  await discover(first, ['a']);
  const lost = await first.grant();
  await first.report({ kind: 'begin', ...heldOf(lost) });
  first.drop();
  const second = await LinkWorker.enrol(coordinator, { name: 'second', slots: 1 });
  await second.connect();
  const again = await second.grant((grant) => grant.taskId === lost.taskId);
  await first.connect([heldOf(lost)]).then((welcome) => expect(welcome.stale).toEqual([heldOf(lost)]));
  expect(await first.report(passed(lost, ['a']))).toBe('stale');
  expect((await getRun(coordinator, run)).tests.settled).toBe(0);
  await second.carryOut(again, ['a']);
  const detail = await okJson<TestDetail>(await coordinator.request('GET', `/api/v1/test-runs/${run}/tests/a`));
  expect(detail.all_attempts.map(({ counted, worker }) => ({ counted, worker }))).toEqual([
    { counted: false, worker: 'first' },
    { counted: true, worker: 'second' },
  ]);
});

test('the same report twice is accepted twice and counted once', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const run = await createRun(coordinator);
  await discover(worker, ['a']);
  const grant = await worker.grant();
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  const results = passed(grant, ['a']);
  expect(await worker.report(results)).toBe('accepted');
  expect(await worker.report(results)).toBe('accepted');
  const finish = { kind: 'finish' as const, ...heldOf(grant), end: ended() };
  expect(await worker.report(finish)).toBe('accepted');
  expect(await worker.report(finish)).toBe('accepted');
  expect(await worker.report({ ...finish, end: { ...finish.end, exitCode: 7 } })).toBe('stale');
  expect((await getRun(coordinator, run)).tests).toMatchObject({ total: 1, settled: 1, expected: 1 });
});

test('a coordinator that starts again resumes: what agents still hold stays theirs, the rest is handed out', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const run = await createRun(coordinator);
  await discover(worker, ['a', 'b']);
  const grant = await worker.grant();
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  await coordinator.stop();
  const again = await startCoordinator({ again: coordinator });
  const welcome = await worker.connect([heldOf(grant)], again.url);
  expect(welcome.stale).toEqual([]);
  await worker.carryOut(grant, idsOf(grant));
  while ((await getRun(again, run)).status === 'running') {
    const next = await worker.grant();
    await worker.carryOut(next, idsOf(next));
  }
  expect(await getRun(again, run)).toMatchObject({ status: 'completed', outcome: 'passed', tests: { expected: 2 } });
});

test('a task that keeps losing its worker fails after its automatic retries, and the run says so', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const run = await createRun(coordinator, { max_retries: 1 });
  await discover(worker, ['a']);
  for (let attempt = 1; attempt <= 2; attempt++) {
    const grant = await worker.grant();
    expect(grant.attempt).toBe(attempt);
    await worker.carryOut(grant, [], { how: 'crashed', message: 'the browser took the machine down' });
  }
  expect(await getRun(coordinator, run)).toMatchObject({
    status: 'failed',
    reason: 'the browser took the machine down',
    tests: { skipped: 1 },
  });
});

test('after a cancel is answered nothing of the run is handed out, and holders are told to stop', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 2 });
  await worker.connect();
  const run = await createRun(coordinator, { total_shards: 5 });
  const held = [await worker.grant(), await worker.grant()];
  for (const grant of held) await worker.report({ kind: 'begin', ...heldOf(grant) });
  const answer = coordinator.request('POST', `/api/v1/test-runs/${run}/cancel`, {});
  for (const grant of held) {
    await worker.next('cancel', (message) => message.fence === grant.fence);
    await worker.report({ kind: 'finish', ...heldOf(grant), end: ended({ how: 'cancelled' }) });
  }
  expect(await okJson(await answer)).toMatchObject({ status: 'cancelled', still_stopping: 0 });
  const progress = await okJson<RunProgress>(await coordinator.request('GET', `/api/v1/test-runs/${run}/progress`));
  expect(progress).toMatchObject({ status: 'cancelled', tasks: { cancelled: 5, assigned: 0, running: 0, pending: 0 } });
  // Work that comes later is handed out, so the worker is not idle for want of asking.
  await createRun(coordinator, { name: 'next', total_shards: 1 });
  expect((await worker.grant()).runName).toBe('next');
  expect(worker.waiting('grant')).toBe(0);
});

test('work given back waits again at once and costs no retry', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  await createRun(coordinator, { total_shards: 1, max_retries: 0 });
  const grant = await worker.grant();
  expect(await worker.report({ kind: 'release', ...heldOf(grant), reason: 'the lid was closed' })).toBe('accepted');
  const again = await worker.grant();
  expect(again).toMatchObject({ taskId: grant.taskId, attempt: 2 });
});

test('a run that no worker can serve says at once what is missing and what to do', async () => {
  const coordinator = await startCoordinator();
  const nobody = await createRun(coordinator, { total_shards: 1 });
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await expect
    .poll(async () => (await getRun(coordinator, nobody)).reason)
    .toMatch(/No worker is connected.*playfleet worker --join/);
  await worker.connect();
  await expect.poll(async () => (await getRun(coordinator, nobody)).reason).toBeNull();
  const picky = await createRun(coordinator, { total_shards: 1, requirements: { browsers: ['webkit'] } });
  await expect.poll(async () => (await getRun(coordinator, picky)).reason).toMatch(/machine-1 has no webkit/);
});

test('tests are only given to machines with their browsers', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 4, browsers: ['chromium'] });
  await worker.connect();
  const run = await createRun(coordinator);
  const firefox = {
    name: 'fx',
    dependencies: [],
    teardown: null,
    supporting: false,
    browser: 'firefox' as const,
    channel: null,
  };
  const base = discoveryOf(['a']);
  await discover(worker, ['a'], {
    projects: [...base.projects, firefox],
    tests: [...base.tests, { ...base.tests[0], id: 'f', project: 'fx' }],
    units: [...base.units, { kind: 'test', project: 'fx', file: 'shop.spec.ts', title: 'f', testIds: ['f'] }],
  });
  const grant = await worker.grant();
  expect(idsOf(grant)).toEqual(['a']);
  await expect
    .poll(async () => (await getRun(coordinator, run)).reason)
    .toMatch(/can launch firefox.*playwright install firefox/);
  const able = await LinkWorker.enrol(coordinator, { name: 'able', slots: 1, browsers: ['chromium', 'firefox'] });
  await able.connect();
  expect(idsOf(await able.grant())).toEqual(['f']);
});

test('a suite with fixed ports gets one process per machine, with all of its slots', async () => {
  const coordinator = await startCoordinator();
  const one = await LinkWorker.enrol(coordinator, { name: 'one', slots: 3, fingerprint: 'same-machine' });
  const two = await LinkWorker.enrol(coordinator, { name: 'two', slots: 2, fingerprint: 'same-machine' });
  await one.connect();
  await createRun(coordinator);
  await discover(
    one,
    Array.from({ length: 30 }, (_, i) => `t${i}`),
    { webServer: { present: true, fixedPorts: true } },
  );
  const grant = await one.grant();
  expect(grant.slots).toBe(3);
  await two.connect();
  await one.report({ kind: 'begin', ...heldOf(grant) });
  expect(one.waiting('grant') + two.waiting('grant')).toBe(0);
  await one.carryOut(grant, idsOf(grant));
  const next = await Promise.race([one.grant(), two.grant()]);
  expect(next.taskId).not.toBe(grant.taskId);
});

test('a worker that reports the end of another worker’s grant frees nothing there', async () => {
  const coordinator = await startCoordinator();
  const honest = await LinkWorker.enrol(coordinator, { name: 'honest', slots: 1 });
  await honest.connect();
  await createRun(coordinator, { total_shards: 3 });
  const grant = await honest.grant();
  const liar = await LinkWorker.enrol(coordinator, { name: 'liar', slots: 1 });
  await liar.connect();
  const own = await liar.grant();
  expect(await liar.report({ kind: 'finish', ...heldOf(grant), end: ended() })).toBe('stale');
  // The third task goes to who really becomes free, and nobody holds more than its slots.
  expect(await liar.carryOut(own)).toBe('accepted');
  const third = await liar.grant();
  expect(third.taskId).not.toBe(grant.taskId);
  expect(await liar.carryOut(third)).toBe('accepted');
  expect(await honest.carryOut(grant)).toBe('accepted');
});

test('a cancel that is sent again with its Idempotency-Key gets its answer, another run under that key is refused', async () => {
  const coordinator = await startCoordinator();
  const [first, second] = [await createRun(coordinator), await createRun(coordinator)];
  const cancel = (run: string) =>
    coordinator.request('POST', `/api/v1/test-runs/${run}/cancel`, {}, { 'idempotency-key': 'stop-it' });
  const answers = [await cancel(first), await cancel(first)];
  expect(answers.map((answer) => [answer.status, answer.headers.get('idempotency-replayed')])).toEqual([
    [200, null],
    [200, 'true'],
  ]);
  expect((await cancel(second)).status).toBe(409);
  expect((await getRun(coordinator, second)).status).not.toBe('cancelled');
});

test('everything said twice at once counts once, and the run ends', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 3 });
  await worker.connect();
  const run = await createRun(coordinator, { total_shards: 3 });
  const grants = [await worker.grant(), await worker.grant(), await worker.grant()];
  const reports = grants.flatMap((grant) => {
    const held = heldOf(grant);
    const finish = { kind: 'finish' as const, ...held, end: ended() };
    return [{ kind: 'begin' as const, ...held }, { kind: 'begin' as const, ...held }, finish, finish];
  });
  const answers = await Promise.all(reports.map((report) => worker.report(report)));
  expect(answers).toEqual(reports.map(() => 'accepted'));
  const progress = await okJson<RunProgress>(await coordinator.request('GET', `/api/v1/test-runs/${run}/progress`));
  expect(progress).toMatchObject({ status: 'completed', tasks: { total: 3, completed: 3 } });
});

test('a grant that is given back after its last result is complete: nobody is asked to run nothing', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const run = await createRun(coordinator);
  await discover(worker, ['a', 'b']);
  const grant = await worker.grant();
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  await worker.report(passed(grant, idsOf(grant)));
  expect(await worker.report({ kind: 'release', ...heldOf(grant), reason: 'drain' })).toBe('accepted');
  const left = ['a', 'b'].filter((id) => !idsOf(grant).includes(id));
  if (left.length > 0) await worker.carryOut(await worker.grant(), left);
  expect(await getRun(coordinator, run)).toMatchObject({ status: 'completed', tests: { expected: 2 } });
  expect(worker.waiting('grant')).toBe(0);
});

test('a machine that vanishes without a word is noticed within 10 s', async () => {
  const coordinator = await startCoordinator();
  const vanishing = await LinkWorker.enrol(coordinator, { name: 'vanishing', slots: 1 });
  await vanishing.connect();
  await createRun(coordinator, { total_shards: 1 });
  const grant = await vanishing.grant();
  await vanishing.report({ kind: 'begin', ...heldOf(grant) });
  const rescuer = await LinkWorker.enrol(coordinator, { name: 'rescuer', slots: 1 });
  await rescuer.connect();
  const started = performance.now();
  vanishing.vanish();
  expect((await rescuer.grant()).taskId).toBe(grant.taskId);
  expect(performance.now() - started).toBeLessThan(10_000);
});
