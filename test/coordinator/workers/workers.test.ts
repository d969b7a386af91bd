import { expect, test } from 'vitest';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Worker, WorkerHeartbeat } from '../../../shared/protocol/rest/workers.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

const asWorker = (apiKey: string) => ({ authorization: `Bearer ${apiKey}` });

const list = async (coordinator: TestCoordinator, query = '') =>
  okJson<Page<Worker>>(await coordinator.request('GET', `/api/v1/workers${query}`));

const names = (page: Page<Worker>) => page.items.map((item) => item.hostname);

const beat = (coordinator: TestCoordinator, worker: { workerId: string; apiKey: string }, body?: unknown) =>
  coordinator.request('PUT', `/api/v1/workers/${worker.workerId}/heartbeat`, body, asWorker(worker.apiKey));

async function eventTypes(coordinator: TestCoordinator, workerId: string): Promise<string[]> {
  const page = await okJson<Page<{ type: string }>>(
    await coordinator.request('GET', `/api/v1/events?worker_id=${workerId}&limit=100`),
  );
  return page.items.map((event) => event.type);
}

test('workers are listed by name, page by page, and found by status, tag and text', async () => {
  const coordinator = await startCoordinator();
  const ids: Record<string, string> = {};
  for (const name of ['delta', 'alpha', 'charlie', 'bravo']) ids[name] = (await coordinator.enrol(name)).workerId;
  const patch = (name: string, body: unknown) => coordinator.request('PATCH', `/api/v1/workers/${ids[name]}`, body);
  await patch('alpha', { tags: ['gpu', 'office'] });
  await patch('bravo', { notes: 'Behind the 100% Printer' });
  await patch('charlie', { intent: 'maintenance', reason: 'new disk' });
  const first = await list(coordinator, '?limit=3');
  expect(names(first)).toEqual(['alpha', 'bravo', 'charlie']);
  const second = await list(coordinator, `?limit=3&cursor=${first.next_cursor}`);
  expect(names(second)).toEqual(['delta']);
  expect(second.next_cursor).toBeNull();
  expect(names(await list(coordinator, '?tag=gpu'))).toEqual(['alpha']);
  expect(names(await list(coordinator, '?tag=gp'))).toEqual([]);
  expect(names(await list(coordinator, `?search=${encodeURIComponent('100% print')}`))).toEqual(['bravo']);
  expect(names(await list(coordinator, '?search=OFFICE'))).toEqual(['alpha']);
  expect(names(await list(coordinator, '?status=maintenance'))).toEqual(['charlie']);
  expect(names(await list(coordinator, '?status=idle'))).toEqual(['alpha', 'bravo', 'delta']);
  expect(names(await list(coordinator, '?status=busy'))).toEqual([]);
  expect((await coordinator.request('GET', '/api/v1/workers?status=asleep')).status).toBe(422);
});

test('a heartbeat is stored with its metrics, and answers what the coordinator wants', async () => {
  const coordinator = await startCoordinator();
  const worker = await coordinator.enrol('box');
  const metrics = {
    cpu_percent: 12.5,
    memory_used_bytes: 1e9,
    memory_total_bytes: 8e9,
    disk_free_bytes: 5e10,
    disk_total_bytes: 1e11,
  };
  expect(await okJson(await beat(coordinator, worker, { metrics }))).toEqual({
    worker_id: worker.workerId,
    status: 'idle',
    intent: 'active',
    heartbeat_interval_seconds: 60,
    heartbeat_timeout_seconds: 120,
    message: 'Heard',
  });
  await coordinator.request('PATCH', `/api/v1/workers/${worker.workerId}`, { intent: 'draining' });
  expect(await okJson(await beat(coordinator, worker))).toMatchObject({
    intent: 'draining',
    message: 'Heard; take nothing new (draining)',
  });
  const history = await okJson<Page<WorkerHeartbeat>>(
    await coordinator.request('GET', `/api/v1/workers/${worker.workerId}/heartbeats`),
  );
  expect(history.items).toHaveLength(2);
  expect(history.items[0]).toMatchObject({ cpu_percent: null, tasks_running: 0 });
  expect(history.items[1]).toMatchObject({ ...metrics, tasks_running: 0 });
  const older = await okJson<Page<WorkerHeartbeat>>(
    await coordinator.request('GET', `/api/v1/workers/${worker.workerId}/heartbeats?limit=1`),
  );
  const last = await okJson<Page<WorkerHeartbeat>>(
    await coordinator.request(
      'GET',
      `/api/v1/workers/${worker.workerId}/heartbeats?limit=1&cursor=${older.next_cursor}`,
    ),
  );
  expect(last.items[0]).toMatchObject(metrics);
});

test.each([
  [{ metrics: { cpu_percent: 101 } }, 'metrics.cpu_percent'],
  [{ metrics: { disk_free_bytes: -1 } }, 'metrics.disk_free_bytes'],
  [{ metrics: { cpu_percent: '12' } }, 'metrics.cpu_percent'],
  [{ metrics: { swap: 1 } }, 'metrics.swap'],
  [{ cpu_percent: 5 }, 'cpu_percent'],
])('a heartbeat %j is refused for %s', async (body, field) => {
  const coordinator = await startCoordinator();
  const worker = await coordinator.enrol('box');
  const answer = await beat(coordinator, worker, body);
  expect(answer.status).toBe(422);
  expect(((await answer.json()) as Problem).errors?.map((error) => error.field)).toEqual([field]);
});

test('new capabilities come with a heartbeat, and are told of once', async () => {
  const coordinator = await startCoordinator();
  const worker = await coordinator.enrol('box');
  const capabilities = { browsers: ['webkit'], platform: 'macos', max_parallel: 5 };
  await okJson(await beat(coordinator, worker, { capabilities }));
  await okJson(await beat(coordinator, worker, { capabilities }));
  const { items } = await list(coordinator);
  expect(items[0]?.capabilities).toMatchObject({ platform: 'darwin', max_parallel: 5, browsers: { webkit: {} } });
  expect((await eventTypes(coordinator, worker.workerId)).filter((type) => type === 'worker.changed')).toHaveLength(1);
});

test('a worker reaches only itself', async () => {
  const coordinator = await startCoordinator();
  const [one, two] = [await coordinator.enrol('one'), await coordinator.enrol('two')];
  const as = asWorker(one.apiKey);
  expect((await coordinator.request('GET', `/api/v1/workers/${one.workerId}`, undefined, as)).status).toBe(200);
  expect((await coordinator.request('GET', `/api/v1/workers/${two.workerId}`, undefined, as)).status).toBe(403);
  expect((await coordinator.request('PUT', `/api/v1/workers/${two.workerId}/heartbeat`, {}, as)).status).toBe(403);
  expect((await coordinator.request('POST', `/api/v1/workers/${two.workerId}/rotate-key`, undefined, as)).status).toBe(
    403,
  );
  expect((await coordinator.request('PATCH', `/api/v1/workers/${one.workerId}`, { priority: 1 }, as)).status).toBe(403);
  expect((await coordinator.request('DELETE', `/api/v1/workers/${one.workerId}`, undefined, as)).status).toBe(403);
  expect((await coordinator.request('GET', `/api/v1/workers/${one.workerId}/heartbeats`, undefined, as)).status).toBe(
    403,
  );
});

test('what people set is kept, bounded and told of', async () => {
  const coordinator = await startCoordinator();
  const { workerId } = await coordinator.enrol('box');
  const patch = (body: unknown) => coordinator.request('PATCH', `/api/v1/workers/${workerId}`, body);
  const body = {
    intent: 'paused',
    reason: 'lunch',
    priority: 5,
    weight: 0.25,
    max_parallel_tasks: 9,
    tags: ['a'],
    notes: 'n',
  };
  const { reason, ...kept } = body;
  expect(await okJson(await patch(body))).toMatchObject({ ...kept, intent_reason: reason });
  expect(await okJson(await patch({}))).toMatchObject(kept);
  await patch({ intent: 'paused', reason: 'lunch' });
  expect(await eventTypes(coordinator, workerId)).toEqual([
    'worker.enrolled',
    'worker.online',
    'worker.intent',
    'worker.changed',
  ]);
  for (const bad of [
    { weight: 1.1 },
    { weight: -0.1 },
    { priority: 1.5 },
    { max_parallel_tasks: 0 },
    { intent: 'asleep' },
    { hostname: 'x' },
  ]) {
    expect((await patch(bad)).status).toBe(422);
  }
  expect((await coordinator.request('PATCH', '/api/v1/workers/nobody', { priority: 1 })).status).toBe(404);
});

test('the same change sent again under one Idempotency-Key happens once; another one under it is refused', async () => {
  const coordinator = await startCoordinator();
  const { workerId } = await coordinator.enrol('box');
  const patch = (body: unknown, key: string) =>
    coordinator.request('PATCH', `/api/v1/workers/${workerId}`, body, { 'idempotency-key': key });
  const answers = await Promise.all(Array.from({ length: 10 }, () => patch({ notes: 'x' }, 'key-1')));
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  expect(new Set(texts).size).toBe(1);
  expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(9);
  expect((await eventTypes(coordinator, workerId)).filter((type) => type === 'worker.changed')).toHaveLength(1);
  const other = await patch({ notes: 'y' }, 'key-1');
  expect(other.status).toBe(409);
  expect(((await other.json()) as Problem).code).toBe('idempotency_conflict');
  expect((await patch({ notes: 'y' }, 'key-2')).status).toBe(200);
  expect((await patch({ notes: 'y' }, 'has space')).status).toBe(422);
  // A refused change is not remembered.
  expect(
    (await coordinator.request('PATCH', '/api/v1/workers/nobody', { notes: 'x' }, { 'idempotency-key': 'key-3' }))
      .status,
  ).toBe(404);
  expect((await patch({ notes: 'z' }, 'key-3')).status).toBe(200);
});

test('a removed worker is shut out at once and not listed', async () => {
  const coordinator = await startCoordinator();
  const worker = await coordinator.enrol('box');
  await okJson(await beat(coordinator, worker));
  expect((await coordinator.request('DELETE', `/api/v1/workers/${worker.workerId}`)).status).toBe(200);
  expect((await beat(coordinator, worker)).status).toBe(401);
  expect(names(await list(coordinator))).toEqual([]);
  expect((await coordinator.request('GET', `/api/v1/workers/${worker.workerId}`)).status).toBe(404);
  expect((await coordinator.request('DELETE', `/api/v1/workers/${worker.workerId}`)).status).toBe(404);
  expect(await eventTypes(coordinator, worker.workerId)).toContain('worker.removed');
});

test('a worker’s own new key replaces the old one when it is first used; a person’s replaces it at once', async () => {
  const coordinator = await startCoordinator();
  const worker = await coordinator.enrol('box');
  const rotate = async (headers?: Record<string, string>) =>
    (
      await okJson<{ api_key: string }>(
        await coordinator.request('POST', `/api/v1/workers/${worker.workerId}/rotate-key`, undefined, headers),
      )
    ).api_key;
  const works = async (apiKey: string) => (await beat(coordinator, { ...worker, apiKey })).status === 200;
  // The answer with this one is lost.
  await rotate(asWorker(worker.apiKey));
  expect(await works(worker.apiKey)).toBe(true);
  const second = await rotate(asWorker(worker.apiKey));
  expect(await works(worker.apiKey)).toBe(true);
  expect(await works(second)).toBe(true);
  expect(await works(worker.apiKey)).toBe(false);
  const third = await rotate();
  expect(await works(second)).toBe(false);
  expect(await works(third)).toBe(true);
});

test('keys and settings of workers outlive a restart', async () => {
  const first = await startCoordinator();
  const worker = await first.enrol('box');
  await first.request('PATCH', `/api/v1/workers/${worker.workerId}`, { tags: ['kept'] });
  await first.stop();
  const second = await startCoordinator({ again: first });
  await okJson(await beat(second, worker));
  expect((await list(second)).items[0]).toMatchObject({ hostname: 'box', tags: ['kept'], status: 'idle' });
});
