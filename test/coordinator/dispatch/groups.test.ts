import { expect, test, vi } from 'vitest';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Grant, TaskGroup } from '../../../shared/protocol/work.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { ended, heldOf, LinkWorker, passed } from '../../support/link-worker.ts';
import { discoveryOf, plannedTest } from '../../support/suites.ts';

vi.setConfig({ testTimeout: 60_000 });

/** `name-number`: the file is the name. */
const ids = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);
const fileOf = (id: string) => `${id.split('-')[0]}.spec.ts`;
const idsOf = (grant: Grant) => (grant.work.kind === 'units' ? grant.work.testIds : []);
const group = (name: string, after: string[] = [], over: Partial<TaskGroup> = {}) => ({
  name,
  select: { file: `${name}.spec.ts` },
  after,
  ...over,
});

const create = (coordinator: TestCoordinator, groups: object[]) =>
  coordinator.request('POST', '/api/v1/test-runs/create', { name: 'shop', config: { groups } });

const read = async (coordinator: TestCoordinator, id: string) =>
  okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${id}`));

/** Creates the run, and discovers its tests by this worker. */
async function start(coordinator: TestCoordinator, worker: LinkWorker, groups: object[], testIds: string[]) {
  const { test_run_id: runId } = await okJson<{ test_run_id: string }>(await create(coordinator, groups));
  const grant = await worker.grant((one) => one.work.kind === 'discover');
  // What is strictly read by agents of before must not hold what they do not know.
  expect(grant.config).toEqual({ args: [], env: {} });
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  const discovery = discoveryOf(testIds, {
    tests: testIds.map((id) => plannedTest(id, { file: fileOf(id) })),
    units: testIds.map((id) => ({ kind: 'test', project: 'desktop', file: fileOf(id), title: id, testIds: [id] })),
  });
  await worker.report({ kind: 'discovered', ...heldOf(grant), discovery, commit: null });
  await worker.carryOut(grant);
  return runId;
}

/** All of its tests pass, except those in `failing`. */
async function carryOut(worker: LinkWorker, grant: Grant, failing: string[] = []): Promise<void> {
  const good = idsOf(grant).filter((id) => !failing.includes(id));
  const bad = idsOf(grant).filter((id) => failing.includes(id));
  const settled = bad.map((testId) => ({ testId, outcome: 'unexpected' as const, attempts: 1 }));
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  await worker.report({ kind: 'results', ...heldOf(grant), attempts: [], settled, errors: [] });
  expect(await worker.carryOut(grant, good)).toBe('accepted');
}

test('a group begins when the one before has ended, and tasks of different groups are never mixed', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 3 });
  await worker.connect();
  const testIds = [...ids('smoke', 4), ...ids('free', 2), ...ids('rest', 4)];
  const runId = await start(coordinator, worker, [group('rest', ['smoke']), group('smoke')], testIds);
  const first = [await worker.grant()];
  while (first.flatMap(idsOf).length < 6) first.push(await worker.grant());
  for (const grant of first) expect(new Set(idsOf(grant).map(fileOf)).size).toBe(1);
  expect(new Set(first.flatMap(idsOf).map(fileOf))).toEqual(new Set(['smoke.spec.ts', 'free.spec.ts']));
  expect((await read(coordinator, runId)).groups).toMatchObject([
    { name: 'rest', state: 'waiting', reason: 'waits for "smoke"', tests: 4 },
    { name: 'smoke', state: 'running', reason: null, tests: 4 },
  ]);
  // Those of no group first: the last of the group lets the next one begin.
  for (const grant of first.toSorted((a, b) => (idsOf(a)[0] ?? '').localeCompare(idsOf(b)[0] ?? ''))) {
    expect(worker.waiting('grant')).toBe(0);
    await carryOut(worker, grant);
  }
  const rest = [await worker.grant()];
  while (rest.flatMap(idsOf).length < 4) rest.push(await worker.grant());
  for (const grant of rest) await carryOut(worker, grant);
  expect(await read(coordinator, runId)).toMatchObject({
    status: 'completed',
    outcome: 'passed',
    tests: { total: 10, settled: 10, expected: 10 },
    groups: [{ state: 'passed' }, { state: 'passed' }],
  });
});

test('a group that waits for a failed one is not run: its tests say why, the others go on, and the run ends', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const groups = [
    group('smoke'),
    group('rest', ['smoke']),
    group('last', ['rest']),
    group('anyway', ['rest', 'smoke'], { on_failure: 'continue' }),
  ];
  const testIds = [...ids('smoke', 2), ...ids('rest', 3), ...ids('last', 1), ...ids('anyway', 1)];
  const runId = await start(coordinator, worker, groups, testIds);
  await carryOut(worker, await worker.grant(), ['smoke-1']);
  const anyway = await worker.grant();
  expect(idsOf(anyway)).toEqual(['anyway-0']);
  expect((await read(coordinator, runId)).groups.map(({ state, reason }) => [state, reason])).toEqual([
    ['failed', 'tests or tasks of it failed'],
    ['skipped', 'group "smoke" failed'],
    ['skipped', 'group "rest" was not run'],
    ['running', null],
  ]);
  await carryOut(worker, anyway);
  const run = await read(coordinator, runId);
  expect(run).toMatchObject({
    status: 'completed',
    outcome: 'failed',
    tests: { total: 7, settled: 7, expected: 2, unexpected: 1, skipped: 4 },
    tasks: { total: run.tasks.finished },
    progress: 100,
  });
  const { items } = await okJson<{ items: { test_id: string; outcome: string; note: string | null }[] }>(
    await coordinator.request('GET', `/api/v1/test-runs/${runId}/tests?outcome=skipped`),
  );
  expect(items.find(({ test_id }) => test_id === 'rest-0')).toMatchObject({ note: 'not run: group "smoke" failed' });
  // What was not run is what a rerun of the failures takes, with the same groups.
  const again = await okJson<{ test_run_id: string }>(
    await coordinator.request('POST', `/api/v1/test-runs/${runId}/retry`, { only: 'failed' }),
  );
  expect((await read(coordinator, again.test_run_id)).groups).toMatchObject(groups);
});

test('a slot that takes work over leaves it in its group, and nothing of a waiting group is taken', async () => {
  const coordinator = await startCoordinator();
  const busy = await LinkWorker.enrol(coordinator, { name: 'busy', slots: 1, protocol: 2 });
  await busy.connect();
  const testIds = [...ids('smoke', 20), ...ids('rest', 20)];
  const runId = await start(coordinator, busy, [group('smoke'), group('rest', ['smoke'])], testIds);
  const grant = await busy.grant();
  await busy.report({ kind: 'begin', ...heldOf(grant) });
  const idle = await LinkWorker.enrol(coordinator, { name: 'idle', slots: 1, protocol: 2 });
  await idle.connect();
  const { testIds: asked } = await busy.next('revoke');
  expect(new Set(asked.map(fileOf))).toEqual(new Set(['smoke.spec.ts']));
  expect(await busy.report({ kind: 'revoked', ...heldOf(grant), testIds: asked })).toBe('accepted');
  const stolen = await idle.grant();
  expect(idsOf(stolen).toSorted()).toEqual(asked.toSorted());
  await busy.report(
    passed(
      grant,
      testIds.slice(0, 20).filter((id) => !asked.includes(id)),
    ),
  );
  await busy.carryOut(grant);
  expect((await read(coordinator, runId)).groups).toMatchObject([{ state: 'running' }, { state: 'waiting' }]);
  await carryOut(idle, stolen);
  expect((await read(coordinator, runId)).groups).toMatchObject([{ state: 'passed' }, { state: 'running' }]);
});

test('a racer that goes on alone stays in the group of what it raced', async () => {
  const coordinator = await startCoordinator();
  const first = await LinkWorker.enrol(coordinator, { name: 'first', slots: 1, protocol: 2 });
  await first.connect();
  const testIds = [...ids('smoke', 6), ...ids('rest', 1)];
  // What a run before teaches: tests and processes take next to no time.
  await start(coordinator, first, [], testIds);
  await carryOut(first, await first.grant());
  const runId = await start(coordinator, first, [group('smoke'), group('rest', ['smoke'])], testIds);
  const grant = await first.grant();
  await first.report({ kind: 'begin', ...heldOf(grant) });
  await first.report(passed(grant, ids('smoke', 5)));
  first.say({ type: 'progress', ...heldOf(grant), running: [{ testId: 'smoke-5', retry: 0 }] });
  const second = await LinkWorker.enrol(coordinator, { name: 'second', slots: 1, protocol: 2 });
  await second.connect();
  const racer = await second.grant();
  expect(idsOf(racer)).toEqual(['smoke-5']);
  await second.report({ kind: 'begin', ...heldOf(racer) });
  await first.report({ kind: 'finish', ...heldOf(grant), end: ended({ how: 'crashed', message: 'gone' }) });
  expect((await read(coordinator, runId)).groups).toMatchObject([{ state: 'running' }, { state: 'waiting' }]);
  await carryOut(second, racer);
  const rest = await Promise.race([first.grant(), second.grant()]);
  expect(idsOf(rest)).toEqual(['rest-0']);
  expect((await read(coordinator, runId)).groups).toMatchObject([{ state: 'passed' }, { state: 'running' }]);
});

test('a worker that polls is not given what waits, by no way', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const runId = await start(coordinator, worker, [group('a'), group('b', ['a'])], ['a-0', 'b-0']);
  const held = await worker.grant();
  const { workerId, apiKey } = await coordinator.enrol('polling');
  const asWorker = (method: string, at: string, body?: object) =>
    coordinator.request(method, at, body, { authorization: `Bearer ${apiKey}` });
  expect(workerId).not.toBe('');
  expect(await okJson(await asWorker('GET', '/api/v1/tasks/next'))).toMatchObject({ task_id: null });
  const { items } = await okJson<{ items: { id: string; status: string }[] }>(
    await coordinator.request('GET', `/api/v1/test-runs/${runId}/tasks`),
  );
  const waiting = items.find(({ status }) => status === 'pending');
  const answer = await asWorker('POST', `/api/v1/tasks/${waiting?.id}/claim`);
  expect([answer.status, await answer.text()]).toEqual([409, expect.stringContaining('its group may not begin yet')]);
  await carryOut(worker, held);
  expect(idsOf(await worker.grant())).toEqual(['b-0']);
});

test('cancelling ends the groups with the run, an empty group holds nobody up, and after a restart the order is kept', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const groups = [group('none'), group('a', ['none']), group('b', ['a']), group('c', ['b'])];
  const runId = await start(coordinator, worker, groups, ['a-0', 'b-0', 'c-0']);
  const a = await worker.grant();
  await coordinator.stop();
  const after = await startCoordinator({ again: coordinator });
  await worker.connect([heldOf(a)], after.url);
  await carryOut(worker, a);
  expect(idsOf(await worker.grant())).toEqual(['b-0']);
  await okJson(await after.request('POST', `/api/v1/test-runs/${runId}/cancel`, { reason: 'enough' }));
  expect((await read(after, runId)).groups.map(({ state, reason }) => [state, reason])).toEqual([
    ['passed', null],
    ['passed', null],
    ['failed', 'enough'],
    ['skipped', 'enough'],
  ]);
});

test('groups that make no sense are refused by name, and nothing is stored', async () => {
  const coordinator = await startCoordinator();
  const refused = async (body: object) => {
    const answer = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'x', ...body });
    return [answer.status, ((await answer.json()) as { detail: string }).detail];
  };
  expect(await refused({ config: { groups: [group('a', ['b']), group('b', ['a'])] } })).toEqual([
    422,
    'config.groups.after would wait for ever: a → b → a',
  ]);
  expect((await refused({ config: { groups: [group('a', ['z'])] } }))[1]).toContain('names no group of this run: "z"');
  expect((await refused({ total_shards: 2, config: { groups: [group('a')] } }))[1]).toContain(
    'config.groups belongs to queue runs',
  );
  expect((await refused({ config: { groups: [{ name: 'a', select: {} }] } }))[1]).toContain(
    'needs one of project, file, tag, grep',
  );
  expect(await okJson(await coordinator.request('GET', '/api/v1/test-runs'))).toMatchObject({ items: [] });
});
