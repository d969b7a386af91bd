/** The worker API exactly as the customer's table describes it: a worker that knows nothing but these calls does a whole run. */
import { expect, test } from 'vitest';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

function clientOf(url: string, headers: Record<string, string>) {
  return async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
}

async function registered(coordinator: TestCoordinator, hostname = 'poller') {
  const register = clientOf(coordinator.url, { authorization: `Bearer ${await coordinator.joinToken()}` });
  const { status, body } = await register('POST', 'workers/register', {
    hostname,
    capabilities: { browsers: ['chromium'], max_parallel: 2, platform: 'linux' },
  });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    worker_id: expect.any(String) as string,
    api_key: expect.any(String) as string,
    message: expect.any(String) as string,
  });
  const { worker_id: id, api_key: key } = body as { worker_id: string; api_key: string };
  return { id, call: clientOf(coordinator.url, { 'x-api-key': key }) };
}

const userOf = (coordinator: TestCoordinator) =>
  clientOf(coordinator.url, { authorization: `Bearer ${coordinator.adminToken}` });

test('a worker that only polls carries out a static run by the calls of the table', async () => {
  const coordinator = await startCoordinator();
  const user = userOf(coordinator);
  const worker = await registered(coordinator);
  expect((await worker.call('GET', 'tasks/next')).body).toMatchObject({ task_id: null });
  const created = await user('POST', 'test-runs/create', {
    name: 'nightly',
    total_shards: 2,
    config: { browser: 'chromium', base_url: 'https://shop.example', timeout: 30_000 },
  });
  expect(created).toMatchObject({
    status: 201,
    body: { test_run_id: expect.any(String) as string, message: expect.any(String) as string },
  });
  const runId = String(created.body.test_run_id);
  for (const shard of [1, 2]) {
    await expect.poll(async () => (await worker.call('GET', 'tasks/next')).body.task_id).not.toBeNull();
    const next = (await worker.call('GET', 'tasks/next')).body;
    expect(next).toMatchObject({
      test_run_id: runId,
      shard_index: shard,
      shard_total: 2,
      config: { browser: 'chromium', base_url: 'https://shop.example', timeout: 30_000 },
    });
    const id = String(next.task_id);
    expect(await worker.call('POST', `tasks/${id}/claim`)).toMatchObject({
      status: 200,
      body: { status: 'assigned', attempt: 1 },
    });
    expect(await worker.call('POST', `tasks/${id}/start`, {})).toMatchObject({
      status: 200,
      body: { status: 'running' },
    });
    expect(await worker.call('POST', `tasks/${id}/heartbeat`, {})).toMatchObject({
      status: 200,
      body: { status: 'running' },
    });
    expect(await worker.call('PUT', `workers/${worker.id}/heartbeat`, {})).toMatchObject({ status: 200 });
    const result = {
      task_id: id,
      passed: 7,
      failed: shard === 2 ? 1 : 0,
      skipped: 1,
      duration_ms: 1234,
      report_url: 'https://ci.example/r',
    };
    expect(await worker.call('POST', 'results/submit', result)).toMatchObject({
      status: 200,
      body: { status: 'accepted' },
    });
    expect(await worker.call('POST', 'results/submit', result)).toMatchObject({
      status: 200,
      body: { status: 'duplicate' },
    });
    expect((await worker.call('POST', 'results/submit', { ...result, passed: 8 })).status).toBe(409);
    expect(await worker.call('POST', `tasks/${id}/complete`, {})).toMatchObject({
      status: 200,
      body: { status: 'completed' },
    });
    const progress = (await user('GET', `test-runs/${runId}/progress`)).body;
    expect(progress).toMatchObject({ progress: shard * 50, tasks: { total: 2, completed: shard } });
  }
  expect((await user('GET', `test-runs/${runId}`)).body).toMatchObject({
    status: 'completed',
    outcome: 'failed',
    tests: { total: 17, passed: 14, failed: 1, skipped: 2 },
  });
  expect((await user('GET', `results/${runId}`)).body).toMatchObject({
    tasks: [
      { passed: 7, failed: 0 },
      { passed: 7, failed: 1 },
    ],
  });
  // This worker reported no single tests, so there is nothing to put into an archive, and the answer says so.
  await expect.poll(async () => (await user('GET', `results/${runId}/download`)).body.code).toBe('report_failed');
  expect((await user('GET', `workers/${worker.id}`)).body).toMatchObject({
    hostname: 'poller',
    total_completed: 2,
    total_failed: 0,
  });
  expect((await user('GET', 'test-runs?status=completed')).body).toMatchObject({ items: [{ id: runId }] });
});

test('a task that fails waits for another try, then fails for good with the message', async () => {
  const coordinator = await startCoordinator();
  const user = userOf(coordinator);
  const worker = await registered(coordinator);
  const { body } = await user('POST', 'test-runs/create', { name: 'n', total_shards: 1, max_retries: 1 });
  for (const state of ['pending', 'failed']) {
    await expect.poll(async () => (await worker.call('GET', 'tasks/next')).body.task_id).not.toBeNull();
    const id = String((await worker.call('GET', 'tasks/next')).body.task_id);
    await worker.call('POST', `tasks/${id}/claim`);
    await worker.call('POST', `tasks/${id}/start`, {});
    const failed = await worker.call('POST', `tasks/${id}/fail`, { error_message: 'disk is full' });
    expect(failed).toMatchObject({ status: 200, body: { status: state } });
  }
  expect((await user('GET', `test-runs/${String(body.test_run_id)}`)).body).toMatchObject({
    status: 'failed',
    reason: 'disk is full',
  });
});

test('one of many workers that claim a task at once gets it, the others are told', async () => {
  const coordinator = await startCoordinator();
  await userOf(coordinator)('POST', 'test-runs/create', { name: 'n', total_shards: 1 });
  const workers = [];
  for (let i = 0; i < 8; i++) workers.push(await registered(coordinator, `poller-${i}`));
  const [first] = workers;
  await expect.poll(async () => (await first?.call('GET', 'tasks/next'))?.body.task_id).not.toBeNull();
  const id = String((await first?.call('GET', 'tasks/next'))?.body.task_id);
  const answers = await Promise.all(workers.map((worker) => worker.call('POST', `tasks/${id}/claim`)));
  expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 409, 409, 409, 409, 409, 409, 409]);
});

test('a worker reaches only its own tasks, and people and workers only their own calls', async () => {
  const coordinator = await startCoordinator();
  const user = userOf(coordinator);
  const [mine, other] = [await registered(coordinator, 'mine'), await registered(coordinator, 'other')];
  await user('POST', 'test-runs/create', { name: 'n', total_shards: 1 });
  await expect.poll(async () => (await mine.call('GET', 'tasks/next')).body.task_id).not.toBeNull();
  const id = String((await mine.call('GET', 'tasks/next')).body.task_id);
  await mine.call('POST', `tasks/${id}/claim`);
  for (const call of ['start', 'heartbeat', 'complete', 'fail']) {
    expect((await other.call('POST', `tasks/${id}/${call}`, {})).status, call).toBe(404);
  }
  expect((await other.call('POST', `tasks/${id}/start`, { fence: 1 })).status).toBe(409);
  expect((await other.call('PUT', `workers/${mine.id}/heartbeat`, {})).status).toBeOneOf([403, 404]);
  expect((await mine.call('GET', 'test-runs')).status).toBe(403);
  expect((await user('GET', 'tasks/next')).status).toBe(403);
  expect((await clientOf(coordinator.url, {})('GET', 'test-runs')).status).toBe(401);
});

test('a stale fence is refused and changes nothing', async () => {
  const coordinator = await startCoordinator();
  const user = userOf(coordinator);
  const worker = await registered(coordinator);
  await user('POST', 'test-runs/create', { name: 'n', total_shards: 1 });
  await expect.poll(async () => (await worker.call('GET', 'tasks/next')).body.task_id).not.toBeNull();
  const id = String((await worker.call('GET', 'tasks/next')).body.task_id);
  const { fence } = (await worker.call('POST', `tasks/${id}/claim`)).body as { fence: number };
  await worker.call('POST', `tasks/${id}/fail`, { error_message: 'first try' });
  const again = (await worker.call('POST', `tasks/${id}/claim`)).body as { fence: number };
  expect(again.fence).toBeGreaterThan(fence);
  expect(await worker.call('POST', `tasks/${id}/complete`, { fence })).toMatchObject({
    status: 409,
    body: { code: 'stale_fence' },
  });
  expect((await user('GET', `tasks/${id}`)).body).toMatchObject({ status: 'assigned', retry_count: 1 });
});

test('bad input is answered with what is wrong and how to mend it', async () => {
  const coordinator = await startCoordinator();
  const user = userOf(coordinator);
  const create = (body: unknown) => user('POST', 'test-runs/create', body);
  const cases: [string, unknown, string][] = [
    ['no name', {}, 'name'],
    ['wrong type', { name: 'n', total_shards: 'two' }, 'total_shards'],
    ['too few shards', { name: 'n', total_shards: 0 }, 'total_shards'],
    ['unknown field', { name: 'n', shards: 2 }, 'shards'],
    ['reserved variable', { name: 'n', config: { env: { NODE_OPTIONS: '--require x' } } }, 'config.env.NODE_OPTIONS'],
    ['not http', { name: 'n', config: { base_url: 'file:///etc/passwd' } }, 'config.base_url'],
    ['both kinds', { name: 'n', kind: 'queue', total_shards: 2 }, 'total_shards'],
    ['bad time', { name: 'n', scheduled_for: 'tomorrow' }, 'scheduled_for'],
    ['bad tag', { name: 'n', tags: ['a b'] }, 'tags[0]'],
  ];
  for (const [what, body, field] of cases) {
    const { status, body: problem } = await create(body);
    expect(status, what).toBe(422);
    expect(JSON.stringify(problem.errors), what).toContain(field.split('.').at(-1));
    expect(JSON.stringify(problem), what).not.toMatch(/at .*\.ts:\d|SELECT |node_modules/);
  }
  expect((await user('GET', 'test-runs/nope')).status).toBe(404);
  expect((await user('GET', 'test-runs?cursor=xyz')).status).toBe(422);
  expect((await user('GET', 'test-runs?nope=1')).status).toBe(422);
  expect((await user('POST', 'test-runs/1/cancel', {})).status).toBe(404);
});

test('titles with SQL, HTML and terminal codes are only text', async () => {
  const coordinator = await startCoordinator();
  const user = userOf(coordinator);
  const name = `'; DROP TABLE runs; -- <script>alert(1)</script> \u001b[31m`;
  const { body } = await user('POST', 'test-runs/create', { name, total_shards: 1 });
  expect((await user('GET', `test-runs/${String(body.test_run_id)}`)).body.name).toBe(name);
});

test('the same request with an Idempotency-Key makes one run; with another body it is refused', async () => {
  const coordinator = await startCoordinator();
  const create = (name: string) =>
    coordinator.request('POST', '/api/v1/test-runs/create', { name, total_shards: 1 }, { 'idempotency-key': 'k1' });
  const [first, second] = [await okJson(await create('a')), await okJson(await create('a'))];
  expect(second).toEqual(first);
  expect((await create('b')).status).toBe(409);
  expect((await userOf(coordinator)('GET', 'test-runs')).body.items).toHaveLength(1);
});
