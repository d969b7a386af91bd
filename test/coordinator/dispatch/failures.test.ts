import { expect, test } from 'vitest';
import type { FleetEvent } from '../../../shared/protocol/events.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { TestDetail } from '../../../shared/protocol/rest/results.ts';
import type { Task } from '../../../shared/protocol/rest/tasks.ts';
import type { Worker } from '../../../shared/protocol/rest/workers.ts';
import type { Grant } from '../../../shared/protocol/work.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker, passed } from '../../support/link-worker.ts';
import { discoveryOf } from '../../support/suites.ts';

const idsOf = (grant: Grant) => (grant.work.kind === 'units' ? grant.work.testIds : []);

async function createRun(coordinator: TestCoordinator, over: object = {}): Promise<string> {
  const answer = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'shop', ...over });
  return (await okJson<{ test_run_id: string }>(answer)).test_run_id;
}

const get = async <T>(coordinator: TestCoordinator, path: string) =>
  okJson<T>(await coordinator.request('GET', `/api/v1/${path}`));

const workerNamed = async (coordinator: TestCoordinator, name: string) => {
  const { items } = await get<{ items: Worker[] }>(coordinator, 'workers');
  return items.find((one) => one.hostname === name)!;
};

const eventsOf = async (coordinator: TestCoordinator, query: string) =>
  (await get<{ items: FleetEvent[] }>(coordinator, `events?limit=500&${query}`)).items;

async function settings(coordinator: TestCoordinator, values: object): Promise<void> {
  await okJson(await coordinator.request('PUT', '/api/v1/settings', values));
}

async function discover(worker: LinkWorker, testIds: string[], over: object = {}): Promise<void> {
  const grant = await worker.grant((candidate) => candidate.work.kind === 'discover');
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  await worker.report({ kind: 'discovered', ...heldOf(grant), discovery: discoveryOf(testIds, over), commit: null });
  await worker.carryOut(grant);
}

/** Says which tests run, as an agent does. The report behind it makes sure that the coordinator has heard it. */
async function runs(worker: LinkWorker, grant: Grant, ids: string[]): Promise<void> {
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  worker.say({ type: 'progress', ...heldOf(grant), running: ids.map((testId) => ({ testId, retry: 0 })) });
  await worker.report({ kind: 'begin', ...heldOf(grant) });
}

/** The process of a grant crashes while these tests run; its agent then says that nothing runs any more, as real ones do. */
async function crash(worker: LinkWorker, grant: Grant, ids: string[]): Promise<void> {
  await runs(worker, grant, ids);
  worker.say({ type: 'progress', ...heldOf(grant), running: [] });
  await worker.carryOut(grant, [], { how: 'crashed', message: 'the process was killed' });
}

/** Runs whatever comes like a good machine, except for tests named `poison`, which kill its process. Ends with the run. */
async function serve(coordinator: TestCoordinator, worker: LinkWorker, run: string): Promise<string[][]> {
  const got: string[][] = [];
  for (;;) {
    const next = await Promise.race([worker.grant(), ended(coordinator, run)]);
    if (next === null) return got;
    const ids = idsOf(next);
    got.push(ids);
    const killer = ids.find((id) => id.startsWith('poison'));
    if (killer === undefined) await worker.carryOut(next, ids);
    else await crash(worker, next, [killer]);
  }
}

async function ended(coordinator: TestCoordinator, run: string): Promise<null> {
  await expect
    .poll(async () => (await get<Run>(coordinator, `test-runs/${run}`)).status, { timeout: 20_000, interval: 50 })
    .not.toMatch(/scheduling|running/);
  return null;
}

test('a test that kills the processes of three workers is quarantined, all others pass, and the run completes', async () => {
  const coordinator = await startCoordinator();
  const workers = await Promise.all(
    ['one', 'two', 'three'].map(async (name) => {
      const worker = await LinkWorker.enrol(coordinator, { name, slots: 1 });
      await worker.connect();
      return worker;
    }),
  );
  const run = await createRun(coordinator);
  const innocent = Array.from({ length: 12 }, (_, i) => `t${i}`);
  await Promise.race(workers.map((worker) => discover(worker, [...innocent, 'poison'])));
  const got = (await Promise.all(workers.map((worker) => serve(coordinator, worker, run)))).flat();
  const final = await get<Run>(coordinator, `test-runs/${run}`);
  expect(final).toMatchObject({
    status: 'completed',
    outcome: 'failed',
    tests: { total: 13, settled: 13, expected: 12, unexpected: 1 },
    quarantined: [{ test_id: 'poison', title: 'poison' }],
  });
  const [{ incidents }] = final.quarantined as [Run['quarantined'][number]];
  expect(incidents.map(({ worker }) => worker).toSorted()).toEqual(['one', 'three', 'two']);
  expect(incidents[0]).toMatchObject({ how: 'crashed', reason: 'the process was killed' });
  // From its second try on it runs alone: it takes nobody down with it any more.
  const withPoison = got.filter((ids) => ids.includes('poison'));
  expect(withPoison).toHaveLength(3);
  expect(withPoison.filter((ids) => ids.length === 1).length).toBeGreaterThanOrEqual(2);
  const detail = await get<TestDetail>(coordinator, `test-runs/${run}/tests/poison`);
  expect(detail.note).toMatch(/^quarantined: it was running in 3 losses or crashes.*1\. on .*2\. on .*3\. on /);
  // Reports are made of attempts: there it is a failed test with this error.
  expect(detail.all_attempts).toMatchObject([{ counted: true, status: 'failed', errors: [{ message: detail.note }] }]);
  const events = await eventsOf(coordinator, `run_id=${run}`);
  expect(events.filter(({ type }) => type === 'test.quarantined')).toMatchObject([
    { data: { test_id: 'poison', incidents: [{}, {}, {}] } },
  ]);
  // The test is known to be bad, so no machine is held back for it.
  for (const name of ['one', 'two', 'three'])
    expect((await workerNamed(coordinator, name)).breaker.state).toBe('closed');
});

test('a test that kills before its agent could tell of it is found by halving, and quarantined too', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { name: 'one', slots: 1 });
  await worker.connect();
  const run = await createRun(coordinator);
  const innocent = Array.from({ length: 9 }, (_, i) => `t${i}`);
  await discover(worker, [...innocent, 'poison']);
  let first = true;
  for (;;) {
    const next = await Promise.race([worker.grant(), ended(coordinator, run)]);
    if (next === null) break;
    const ids = idsOf(next);
    const killed = ids.includes('poison');
    // The first process has one result before it dies.
    const done = first && killed ? ids.filter((id) => id !== 'poison').slice(0, 1) : killed ? [] : ids;
    first = false;
    await worker.carryOut(next, done, killed ? { how: 'crashed', message: 'killed at once' } : {});
    if (killed) await okJson(await coordinator.request('POST', `/api/v1/workers/${worker.workerId}/reset-breaker`));
  }
  expect(await get<Run>(coordinator, `test-runs/${run}`)).toMatchObject({
    status: 'completed',
    tests: { expected: 9, unexpected: 1 },
    quarantined: [{ test_id: 'poison', incidents: [{}, {}, {}] }],
  });
});

test('a test that is told to run when machines are lost is counted, and a restart of the coordinator forgets none of it', async () => {
  const coordinator = await startCoordinator();
  const first = await LinkWorker.enrol(coordinator, { name: 'first', slots: 1 });
  await first.connect();
  const run = await createRun(coordinator);
  await discover(first, ['a', 'killer']);
  const grant = await first.grant();
  await runs(first, grant, ['killer']);
  // Nothing tells the end of the first machine but its absence after the restart.
  await coordinator.stop();
  const again = await startCoordinator({ again: coordinator });
  await first.connect([], again.url);
  const second = await first.grant();
  const task = await get<Task>(again, `tasks/${grant.taskId}`);
  expect(task.attempts[0]).toMatchObject({ ended: 'lost', running_test_ids: ['killer'], blame: 'unclear' });
  expect([idsOf(second), await idsOfNext(first, second)].toSorted()).toEqual([['a'], ['killer']]);
  expect(await get<Run>(again, `test-runs/${run}`)).toMatchObject({ status: 'running', quarantined: [] });
});

/** Finishes what a worker has, or loses it to a crash where it is the killer, and returns what comes next. */
async function idsOfNext(worker: LinkWorker, grant: Grant): Promise<string[]> {
  await worker.carryOut(grant, idsOf(grant));
  return idsOf(await worker.grant());
}

test('a task that failed goes to a worker that has not failed it, then to another kind of machine, and says why', async () => {
  const coordinator = await startCoordinator();
  const one = await LinkWorker.enrol(coordinator, { name: 'one', slots: 1 });
  await one.connect();
  const run = await createRun(coordinator);
  await discover(one, ['a']);
  const grant = await one.grant();
  const two = await LinkWorker.enrol(coordinator, { name: 'two', slots: 1 });
  await two.connect();
  await one.carryOut(grant, [], { how: 'crashed', message: 'no memory' });
  const second = await two.grant();
  expect(second.taskId).toBe(grant.taskId);
  const mac = await LinkWorker.enrol(coordinator, { name: 'mac', slots: 1, platform: 'darwin' });
  const three = await LinkWorker.enrol(coordinator, { name: 'three', slots: 1 });
  await three.connect();
  await mac.connect();
  await two.carryOut(second, [], { how: 'prepare_failed', message: 'no compiler' });
  const third = await mac.grant();
  expect(one.waiting('grant') + two.waiting('grant') + three.waiting('grant')).toBe(0);
  expect(await mac.carryOut(third, ['a'])).toBe('accepted');
  const task = await get<Task>(coordinator, `tasks/${grant.taskId}`);
  expect(task.attempts).toMatchObject([
    { worker: 'one', ended: 'failed', reason: 'no memory', step: null, blame: 'machine' },
    {
      worker: 'two',
      ended: 'failed',
      reason: 'no compiler',
      step: 'other_worker',
      why: 'it failed on one; another worker is next',
    },
    {
      worker: 'mac',
      ended: 'completed',
      step: 'other_kind',
      why: expect.stringMatching(/one, two \(linux x64\)/) as string,
    },
  ]);
  expect(await get<Run>(coordinator, `test-runs/${run}`)).toMatchObject({ status: 'completed', outcome: 'passed' });
});

test('where nobody can carry a task out, a person is asked, with all that was tried', async () => {
  const coordinator = await startCoordinator();
  const one = await LinkWorker.enrol(coordinator, { name: 'one', slots: 1 });
  await one.connect();
  const run = await createRun(coordinator, { max_retries: 1 });
  await discover(one, ['a']);
  const grant = await one.grant();
  await one.carryOut(grant, [], { how: 'crashed', message: 'no memory' });
  await one.carryOut(await one.grant(), [], { how: 'crashed', message: 'no disk' });
  const task = await get<Task>(coordinator, `tasks/${grant.taskId}`);
  expect(task.ask).toMatch(
    /Tried 2 times \(1\. one: no memory; 2\. one: no disk\).*look at that machine first.*playfleet retry/,
  );
  const events = await eventsOf(coordinator, `run_id=${run}`);
  expect(events.filter(({ type }) => type === 'task.escalated').map(({ data }) => data)).toMatchObject([
    { step: 'retry' },
    { step: 'person', why: task.ask },
  ]);
});

test('a worker that fails again and again is held back, tried with one task, and takes all work again when that is done', async () => {
  const coordinator = await startCoordinator();
  await settings(coordinator, { breaker_cooldown_seconds: 1, breaker_cooldown_limit_seconds: 2, task_max_retries: 20 });
  const worker = await LinkWorker.enrol(coordinator, { name: 'bad', slots: 2 });
  await worker.connect();
  const run = await createRun(coordinator, { total_shards: 4 });
  const state = async () => (await workerNamed(coordinator, 'bad')).breaker;
  const open = () => expect.poll(async () => (await state()).state).toBe('open');
  // Two at once, each crash on its own: the third opens it.
  for (let failed = 0; failed < 3; failed++)
    await worker.carryOut(await worker.grant(), [], { how: 'crashed', message: 'the disk is broken' });
  await open();
  expect(await state()).toMatchObject({ openings: 1, reason: '3 failures in a row, the last: the disk is broken' });
  // What it held goes on and ends; nothing new comes.
  const held = await worker.grant();
  await worker.carryOut(held);
  expect(await state()).toMatchObject({ state: 'open' });
  await expect
    .poll(async () => (await get<Run>(coordinator, `test-runs/${run}`)).reason)
    .toMatch(/^Every connected worker that could serve this run is held back.*bad until .*playfleet workers reset bad/);
  // One task only, though two slots are free; it fails, and the cool-down doubles.
  const trial = await worker.grant();
  expect(await state()).toMatchObject({ state: 'half_open' });
  await expect.poll(async () => (await get<Run>(coordinator, `test-runs/${run}`)).reason).toBeNull();
  expect(worker.waiting('grant')).toBe(0);
  await worker.carryOut(trial, [], { how: 'crashed', message: 'still broken' });
  expect(await state()).toMatchObject({
    state: 'open',
    openings: 2,
    reason: 'the try after its cool-down failed: still broken',
  });
  expect(worker.waiting('grant')).toBe(0);
  await worker.carryOut(await worker.grant());
  expect(await state()).toMatchObject({ state: 'closed', openings: 0, next_try_at: null });
  for (let left = 0; left < 2; left++) await worker.carryOut(await worker.grant());
  await ended(coordinator, run);
  const events = await eventsOf(coordinator, `worker_id=${worker.workerId}`);
  expect(events.flatMap((event) => (event.type === 'worker.breaker' ? [event.data.state] : []))).toEqual([
    'open',
    'half_open',
    'open',
    'half_open',
    'closed',
  ]);
});

test('a machine that is told to be mended has work again at once', async () => {
  const coordinator = await startCoordinator();
  await settings(coordinator, {
    breaker_failures_in_row: 1,
    breaker_cooldown_limit_seconds: 3600,
    breaker_cooldown_seconds: 3600,
  });
  const worker = await LinkWorker.enrol(coordinator, { name: 'bad', slots: 1 });
  await worker.connect();
  await createRun(coordinator, { total_shards: 1 });
  await worker.carryOut(await worker.grant(), [], { how: 'prepare_failed', message: 'no disk' });
  expect((await workerNamed(coordinator, 'bad')).breaker).toMatchObject({ state: 'open' });
  await okJson(await coordinator.request('POST', `/api/v1/workers/${worker.workerId}/reset-breaker`));
  expect(await worker.carryOut(await worker.grant())).toBe('accepted');
  expect((await coordinator.request('POST', '/api/v1/workers/nobody/reset-breaker')).status).toBe(404);
});

test('tests that fail hold nobody back, nor does one power cut that ends all slots at once', async () => {
  const coordinator = await startCoordinator();
  await settings(coordinator, { breaker_failures_in_row: 2 });
  const worker = await LinkWorker.enrol(coordinator, { name: 'good', slots: 4 });
  await worker.connect();
  await createRun(coordinator, { total_shards: 4 });
  const grants = [];
  for (let i = 0; i < 4; i++) grants.push(await worker.grant());
  for (const grant of grants) await worker.report({ kind: 'begin', ...heldOf(grant) });
  await worker.connect([]);
  for (let i = 0; i < 4; i++) await worker.carryOut(await worker.grant(), [], { exitCode: 1 });
  expect((await workerNamed(coordinator, 'good')).breaker).toMatchObject({ state: 'closed', openings: 0 });
});

test('suspects of one loss are tried apart, so that an innocent test is never quarantined for its neighbour', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { name: 'one', slots: 2 });
  await worker.connect();
  const run = await createRun(coordinator);
  await discover(worker, ['neighbour', 'poison']);
  const grants = [await worker.grant()];
  if (idsOf(grants[0]!).length === 1) grants.push(await worker.grant());
  for (const grant of grants) await runs(worker, grant, idsOf(grant));
  // The agent itself dies.
  await worker.connect([]);
  const tried: string[][] = [];
  while ((await get<Run>(coordinator, `test-runs/${run}`)).status === 'running') {
    const next = await Promise.race([worker.grant(), ended(coordinator, run)]);
    if (next === null) break;
    expect(worker.waiting('grant')).toBe(0);
    tried.push(idsOf(next));
    await runs(worker, next, idsOf(next));
    if (idsOf(next).includes('poison')) await worker.connect([]);
    else {
      await worker.report(passed(next, idsOf(next)));
      await worker.carryOut(next);
    }
  }
  expect(tried.every((ids) => ids.length === 1)).toBe(true);
  expect(await get<Run>(coordinator, `test-runs/${run}`)).toMatchObject({
    status: 'completed',
    tests: { expected: 1, unexpected: 1 },
    quarantined: [{ test_id: 'poison', incidents: [{ how: 'lost' }, { how: 'lost' }, { how: 'lost' }] }],
  });
});

test('a worker that only polls is not given what it failed while another one is online, and nothing while it is held back', async () => {
  const coordinator = await startCoordinator();
  await settings(coordinator, { breaker_failures_in_row: 2 });
  const one = await coordinator.enrol('one');
  const two = await coordinator.enrol('two');
  const as = (key: string, method: string, path: string, body?: unknown) =>
    coordinator.request(method, `/api/v1/${path}`, body, { authorization: `Bearer ${key}` });
  const nextFor = async (key: string) =>
    (await okJson<{ task_id: string | null }>(await as(key, 'GET', 'tasks/next'))).task_id;
  const fail = async (key: string, task: string) => {
    await okJson(await as(key, 'POST', `tasks/${task}/claim`));
    await okJson(await as(key, 'POST', `tasks/${task}/fail`, { error_message: 'no disk' }));
  };
  const first = await createRun(coordinator, { total_shards: 1 });
  await expect.poll(() => nextFor(one.apiKey)).not.toBeNull();
  const task = (await nextFor(one.apiKey))!;
  await fail(one.apiKey, task);
  expect(await nextFor(one.apiKey)).toBeNull();
  const refused = await as(one.apiKey, 'POST', `tasks/${task}/claim`);
  expect(refused.status).toBe(409);
  expect(await refused.text()).toMatch(/goes to another worker: it failed on one; another worker is next/);
  expect(await nextFor(two.apiKey)).toBe(task);
  await okJson(await coordinator.request('POST', `/api/v1/test-runs/${first}/cancel`, {}));
  await createRun(coordinator, { total_shards: 2 });
  await expect.poll(() => nextFor(one.apiKey)).not.toBeNull();
  const other = (await nextFor(one.apiKey))!;
  await fail(one.apiKey, other);
  expect(await nextFor(one.apiKey)).toBeNull();
  const heldBack = await as(one.apiKey, 'POST', `tasks/${other}/claim`);
  expect(await heldBack.text()).toMatch(/gets no work until .*2 failures in a row, the last: no disk/);
});
