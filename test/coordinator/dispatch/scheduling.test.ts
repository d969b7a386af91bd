import { expect, test } from 'vitest';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker } from '../../support/link-worker.ts';
import { discoveryOf, plannedTest } from '../../support/suites.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Task } from '../../../shared/protocol/rest/tasks.ts';
import type { Worker } from '../../../shared/protocol/rest/workers.ts';
import type { Grant } from '../../../shared/protocol/work.ts';

async function createRun(coordinator: TestCoordinator, body: object, by?: string): Promise<string> {
  const headers = by === undefined ? {} : { authorization: `Bearer ${by}` };
  const answer = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'shop', ...body }, headers);
  return (await okJson<{ test_run_id: string }>(answer)).test_run_id;
}

async function userToken(coordinator: TestCoordinator, name: string): Promise<string> {
  const body = { kind: 'api', role: 'runner', name };
  return (await okJson<{ token: string }>(await coordinator.request('POST', '/api/v1/tokens', body))).token;
}

/** What follows from an event that has been sent. */
const eventually = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 20_000 });

const readRun = async (coordinator: TestCoordinator, id: string) =>
  okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${id}`));

async function tasksOf(coordinator: TestCoordinator, id: string): Promise<Task[]> {
  const answer = await coordinator.request('GET', `/api/v1/test-runs/${id}/tasks?limit=500`);
  return (await okJson<{ items: Task[] }>(answer)).items;
}

const add = async <T = { id: string }>(coordinator: TestCoordinator, what: string, body: object) =>
  okJson<T>(await coordinator.request('POST', `/api/v1/scheduling/${what}`, body));

const grantsOf = async (worker: LinkWorker, count: number): Promise<Grant[]> => {
  const grants: Grant[] = [];
  while (grants.length < count) grants.push(await worker.grant());
  return grants;
};
const countBy = (grants: readonly Grant[]) =>
  Object.fromEntries([...Map.groupBy(grants, (grant) => grant.runId)].map(([id, some]) => [id, some.length]));

async function connected(coordinator: TestCoordinator, options: Parameters<typeof LinkWorker.enrol>[1]) {
  const worker = await LinkWorker.enrol(coordinator, options);
  await worker.connect();
  return worker;
}

test('a huge run does not starve a small one of another user, and a run of higher priority goes before both', async () => {
  const coordinator = await startCoordinator();
  const huge = await createRun(coordinator, { total_shards: 100 });
  const small = await createRun(coordinator, { total_shards: 20 }, await userToken(coordinator, 'ben'));
  const worker = await connected(coordinator, { slots: 8 });
  const first = await grantsOf(worker, 8);
  expect(countBy(first)).toEqual({ [huge]: 4, [small]: 4 });
  const urgent = await createRun(coordinator, { total_shards: 3, priority: 500 });
  for (const grant of first.filter(({ runId }) => runId === huge)) await worker.carryOut(grant);
  expect(countBy(await grantsOf(worker, 4))).toEqual({ [urgent]: 3, [huge]: 1 });
});

test('slots divide by the weights that are set, and what one user cannot use goes to the other', async () => {
  const coordinator = await startCoordinator();
  await add(coordinator, 'weights', { user: 'ben', weight: 3 });
  const mine = await createRun(coordinator, { total_shards: 50 });
  const his = await createRun(coordinator, { total_shards: 7 }, await userToken(coordinator, 'ben'));
  const worker = await connected(coordinator, { slots: 8 });
  const first = await grantsOf(worker, 8);
  expect(countBy(first)).toEqual({ [mine]: 2, [his]: 6 });
  for (const grant of first) await worker.carryOut(grant);
  expect(countBy(await grantsOf(worker, 8))).toEqual({ [mine]: 7, [his]: 1 });
});

test('workers that only poll are offered the run that has least', async () => {
  const coordinator = await startCoordinator();
  const mine = await createRun(coordinator, { total_shards: 9 });
  const his = await createRun(coordinator, { total_shards: 9 }, await userToken(coordinator, 'ben'));
  const { apiKey } = await coordinator.enrol('poller', { max_parallel: 4 });
  const ask = async (method: string, path: string) =>
    okJson<{ task_id: string | null; test_run_id: string }>(
      await coordinator.request(method, path, undefined, { authorization: `Bearer ${apiKey}` }),
    );
  // The round that lets the runs begin comes with the next event.
  await eventually(async () => (await ask('GET', '/api/v1/tasks/next')).task_id).not.toBeNull();
  const runs: string[] = [];
  for (let i = 0; i < 4; i++) {
    const next = await ask('GET', '/api/v1/tasks/next');
    await ask('POST', `/api/v1/tasks/${next.task_id}/claim`);
    runs.push(next.test_run_id);
  }
  expect(runs).toEqual([mine, his, mine, his]);
});

test('a cap holds across machines and runs, by link and by poll; the run names it, and a change counts at once', async () => {
  const coordinator = await startCoordinator();
  const cap = await add(coordinator, 'caps', { tag: 'db', limit: 3 });
  const a = await createRun(coordinator, { total_shards: 6, tags: ['db'] });
  const b = await createRun(coordinator, { total_shards: 6, tags: ['db'] });
  const workers = await Promise.all(['one', 'two', 'three'].map((name) => connected(coordinator, { name, slots: 4 })));
  const { apiKey } = await coordinator.enrol('poller', { max_parallel: 4 });
  const held: { worker: LinkWorker; grant: Grant }[] = [];
  let most = 0;
  let limit = 3;
  const look = async () => {
    const tasks = [...(await tasksOf(coordinator, a)), ...(await tasksOf(coordinator, b))];
    const now = tasks.filter(({ status }) => status === 'assigned' || status === 'running').length;
    expect(now).toBeLessThanOrEqual(limit);
    most = Math.max(most, now);
    return { now, tasks };
  };
  const collect = async () => {
    for (const worker of workers)
      while (worker.waiting('grant') > 0) held.push({ worker, grant: await worker.grant() });
  };
  const settle = (count: number) => eventually(async () => (await collect(), held.length)).toBe(count);
  await settle(3);
  await eventually(async () => (await readRun(coordinator, a)).reason).toMatch(/at most 3 tasks at once with tag db/);
  const { tasks } = await look();
  const pending = tasks.find(({ status }) => status === 'pending')!;
  const refused = await coordinator.request('POST', `/api/v1/tasks/${pending.id}/claim`, undefined, {
    authorization: `Bearer ${apiKey}`,
  });
  expect(refused.status).toBe(409);
  expect(await refused.text()).toMatch(/at most 3 tasks at once with tag db/);
  // Lowered below what is held: nothing new begins until less is held.
  await coordinator.request('PUT', `/api/v1/scheduling/caps/${cap.id}`, { tag: 'db', limit: 2 });
  const end = async () => {
    const one = held.shift()!;
    await one.worker.carryOut(one.grant);
  };
  await end();
  limit = 2;
  await collect();
  expect(held).toHaveLength(2);
  await look();
  await coordinator.request('PUT', `/api/v1/scheduling/caps/${cap.id}`, { tag: 'db', limit: 4 });
  limit = 4;
  await settle(4);
  for (let left = 11; left > 0; left--) {
    await end();
    await settle(Math.min(4, left - 1));
    await look();
  }
  expect(most).toBe(4);
  expect(await readRun(coordinator, a)).toMatchObject({ tasks: { total: 6, finished: 6 }, reason: null });
});

test('a cap on an environment counts runs that name it and runs whose base_url it is', async () => {
  const coordinator = await startCoordinator();
  await add(coordinator, 'caps', { environment: 'https://shop.test/', limit: 1 });
  await add(coordinator, 'caps', { environment: 'staging', limit: 1 });
  const named = await createRun(coordinator, { total_shards: 3, environment: 'staging' });
  const tested = await createRun(coordinator, { total_shards: 3, config: { base_url: 'https://shop.test' } });
  const free = await createRun(coordinator, { total_shards: 2 });
  const worker = await connected(coordinator, { slots: 10 });
  expect(countBy(await grantsOf(worker, 4))).toEqual({ [named]: 1, [tested]: 1, [free]: 2 });
  await eventually(async () => (await readRun(coordinator, tested)).reason).toMatch(/against https:\/\/shop.test/);
  expect(worker.waiting('grant')).toBe(0);
});

test('requests are honoured, recorded on the attempt and shown at the worker', async () => {
  const coordinator = await startCoordinator();
  const greedy = await createRun(coordinator, {
    total_shards: 5,
    requests: { cpus: 0.8, memory_bytes: 2 ** 30 },
  });
  // It has 2 CPUs and 4 GiB.
  const worker = await connected(coordinator, { slots: 4 });
  const grants = await grantsOf(worker, 2);
  await eventually(async () => (await tasksOf(coordinator, greedy)).filter((t) => t.status === 'pending').length).toBe(
    3,
  );
  const read = await okJson<Worker>(await coordinator.request('GET', `/api/v1/workers/${worker.workerId}`));
  expect(read.allocated).toEqual({ slots: 2, cpus: 1.6, memory_bytes: 2 * 2 ** 30 });
  const [task] = await tasksOf(coordinator, greedy);
  expect(task?.attempts[0]).toMatchObject({ slots: 1, cpus: 0.8, memory_bytes: 2 ** 30 });
  // What asks for nothing still fits.
  const modest = await createRun(coordinator, { total_shards: 1 });
  expect((await worker.grant()).runId).toBe(modest);
  for (const grant of grants) await worker.carryOut(grant);
  expect(countBy(await grantsOf(worker, 2))).toEqual({ [greedy]: 2 });
  expect(worker.waiting('grant')).toBe(0);
});

test('small requests do not starve a large one: a machine is kept free for it, and the run says so', async () => {
  const coordinator = await startCoordinator();
  const worker = await connected(coordinator, { name: 'both', slots: 4 });
  const small = await createRun(coordinator, { total_shards: 9, requests: { cpus: 1 } });
  const [first, second] = await grantsOf(worker, 2);
  const large = await createRun(coordinator, { total_shards: 1, requests: { cpus: 2 } });
  await eventually(async () => (await readRun(coordinator, large)).reason).toMatch(
    /It waits until both has 2 CPUs left; nothing else begins there until then/,
  );
  await worker.carryOut(first!);
  const urgent = await createRun(coordinator, { total_shards: 1, requests: { cpus: 1 }, priority: 500 });
  const third = await worker.grant();
  expect(third.runId).toBe(urgent);
  await worker.carryOut(third);
  await worker.carryOut(second!);
  const fourth = await worker.grant();
  expect(fourth.runId).toBe(large);
  await worker.carryOut(fourth);
  expect(countBy(await grantsOf(worker, 2))).toEqual({ [small]: 2 });
  await eventually(async () => (await readRun(coordinator, large)).reason).toBeNull();
});

test('a run that asks for more than any worker has says so, with the mend, and runs once a larger one is there', async () => {
  const coordinator = await startCoordinator();
  await connected(coordinator, { name: 'small' });
  const run = await createRun(coordinator, { total_shards: 1, requests: { cpus: 3 } });
  await eventually(async () => (await readRun(coordinator, run)).reason).toMatch(
    /ask for 3 CPUs for each slot.*small has 2 CPUs and 4 GiB of memory.*lower requests/,
  );
});

test('admin rules: required, preferred and avoided workers, priority, and what is wrong with a bad rule', async () => {
  const coordinator = await startCoordinator();
  const rule = (name: string, when: object, then: object) => add(coordinator, 'rules', { name, when, then });
  await rule('payments on the vault', { project: 'payments' }, { require: 'vault' });
  await rule('main first', { branch: 'main' }, { priority: 900 });
  await rule('keep the laptop free', { project: 'shop' }, { avoid: 'laptop', prefer: 'rack' });
  const laptop = await connected(coordinator, { name: 'laptop', slots: 2, tags: ['laptop'] });
  const rack = await connected(coordinator, { name: 'rack', slots: 2, tags: ['rack'] });
  const payments = await createRun(coordinator, { project: 'payments', total_shards: 1 });
  await eventually(async () => (await readRun(coordinator, payments)).reason).toMatch(/lacks the tag vault/);
  const shop = await createRun(coordinator, { project: 'shop', total_shards: 3 });
  expect(countBy(await grantsOf(rack, 2))).toEqual({ [shop]: 2 });
  const last = await laptop.grant();
  expect(last.runId).toBe(shop);
  await connected(coordinator, { name: 'vault', slots: 1, tags: ['vault'] }).then(async (vault) => {
    expect((await vault.grant()).runId).toBe(payments);
  });
  const bad = await coordinator.request('POST', '/api/v1/scheduling/rules', {
    name: 'bad',
    when: { browser: 'firefox' },
    then: { priority: 5, strategy: 'best' },
  });
  expect(bad.status).toBe(422);
  expect((await bad.json()) as object).toMatchObject({ errors: [{ field: 'then.priority' }] });
  const unknown = await coordinator.request('POST', '/api/v1/scheduling/rules', {
    name: 'bad',
    when: { tag: 'x' },
    then: { strategy: 'best' },
  });
  expect(await unknown.json()).toMatchObject({
    errors: [{ field: 'then.strategy', message: expect.stringMatching(/one of least_loaded/) as string }],
  });
  const again = await coordinator.request('POST', '/api/v1/scheduling/rules', {
    name: 'main first',
    when: { branch: 'main' },
    then: { priority: 1 },
  });
  expect(again.status).toBe(409);
  const audit = await okJson<{ items: { action: string; target: string }[] }>(
    await coordinator.request('GET', '/api/v1/audit?action=scheduling.added'),
  );
  expect(audit.items.map(({ target }) => target)).toContain('main first');
});

test('a rule by branch puts its runs before others; removing it ends that', async () => {
  const coordinator = await startCoordinator();
  const { id } = await add(coordinator, 'rules', {
    name: 'releases',
    when: { branch: 'release/*' },
    then: { priority: 900 },
  });
  const other = await createRun(coordinator, { total_shards: 2 });
  const release = await createRun(coordinator, { total_shards: 2, metadata: { git: { branch: 'release/7' } } });
  const worker = await connected(coordinator, { slots: 2 });
  const first = await grantsOf(worker, 2);
  expect(countBy(first)).toEqual({ [release]: 2 });
  expect((await coordinator.request('DELETE', `/api/v1/scheduling/rules/${id}`)).status).toBe(200);
  expect((await coordinator.request('DELETE', `/api/v1/scheduling/rules/${id}`)).status).toBe(404);
  const releaseAgain = await createRun(coordinator, { total_shards: 2, metadata: { git: { branch: 'release/8' } } });
  for (const grant of first) await worker.carryOut(grant);
  expect(countBy(await grantsOf(worker, 2))).toEqual({ [other]: 1, [releaseAgain]: 1 });
});

test('only admins change caps, weights and rules', async () => {
  const coordinator = await startCoordinator();
  const runner = { authorization: `Bearer ${await userToken(coordinator, 'ben')}` };
  for (const what of ['caps', 'weights', 'rules']) {
    expect((await coordinator.request('GET', `/api/v1/scheduling/${what}`, undefined, runner)).status).toBe(403);
    expect((await coordinator.request('POST', `/api/v1/scheduling/${what}`, {}, runner)).status).toBe(403);
  }
});

test('a run whose deadline is near goes before others of its priority, and says how it stands', async () => {
  const coordinator = await startCoordinator();
  const calm = await createRun(coordinator, { total_shards: 4 });
  const soon = new Date(Date.now() + 20_000).toISOString();
  const pressed = await createRun(coordinator, { total_shards: 4, deadline: soon });
  await eventually(async () => (await readRun(coordinator, pressed)).deadline?.state).toBe('at_risk');
  const worker = await connected(coordinator, { slots: 2 });
  const grants = await grantsOf(worker, 2);
  expect(countBy(grants)).toEqual({ [pressed]: 2 });
  expect((await readRun(coordinator, pressed)).deadline).toMatchObject({ at: soon, predicted_end: null });
  expect((await readRun(coordinator, pressed)).deadline?.boost).toBeGreaterThan(0);
  expect((await readRun(coordinator, calm)).deadline).toBeNull();
  const missed = await createRun(coordinator, { total_shards: 1, deadline: '2020-01-01T00:00:00Z' });
  await eventually(async () => (await readRun(coordinator, missed)).deadline?.state).toBe('late');
});

test('tests with a tag ask for what the run gives that tag, and run apart from those that ask for less', async () => {
  const coordinator = await startCoordinator();
  const run = await createRun(coordinator, { requests: { by_tag: { '@heavy': { cpus: 2 } } } });
  const worker = await connected(coordinator, { slots: 4 });
  const discovery = await worker.grant();
  await worker.report({ kind: 'begin', ...heldOf(discovery) });
  const tests = ['t1', 'h1', 'h2'].map((id) => plannedTest(id, { tags: id.startsWith('h') ? ['@heavy'] : [] }));
  const found = { ...discoveryOf(['t1', 'h1', 'h2']), tests };
  await worker.report({ kind: 'discovered', ...heldOf(discovery), discovery: found, commit: null });
  await worker.carryOut(discovery);
  await grantsOf(worker, 2);
  const asked = (await tasksOf(coordinator, run))
    .filter(({ kind }) => kind === 'units')
    .map((t) => t.attempts[0]?.cpus);
  expect(asked.toSorted()).toEqual([0, 2]);
});

test('resource_based and hardware_aware are chosen at run time: by what heartbeats measure, and by what was learned of that kind', async () => {
  const coordinator = await startCoordinator();
  const busy = await connected(coordinator, { name: 'busy', slots: 4 });
  const calm = await connected(coordinator, { name: 'calm', slots: 2 });
  const measured = (cpu_percent: number) => ({
    cpu_percent,
    memory_used_bytes: 2 ** 30,
    memory_total_bytes: 2 ** 32,
    disk_free_bytes: null,
    disk_total_bytes: null,
  });
  busy.say({ type: 'heartbeat', metrics: measured(95), held: [] });
  calm.say({ type: 'heartbeat', metrics: measured(5), held: [] });
  await eventually(async () => {
    const answer = await coordinator.request('GET', '/api/v1/workers');
    const { items } = await okJson<{ items: Worker[] }>(answer);
    return items.map(({ metrics }) => metrics?.cpu_percent);
  }).toEqual([95, 5]);
  await createRun(coordinator, { total_shards: 1 });
  await busy.grant();
  await coordinator.request('PUT', '/api/v1/settings', { load_balancer_strategy: 'resource_based' });
  await createRun(coordinator, { total_shards: 1 });
  await calm.grant();
  await coordinator.request('PUT', '/api/v1/settings', { load_balancer_strategy: 'hardware_aware' });
  await createRun(coordinator, { total_shards: 1 });
  // Both are as fast as far as is known: the one with more free slots.
  await busy.grant();
});
