import { expect, test } from 'vitest';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Worker } from '../../../shared/protocol/rest/workers.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';

async function register(coordinator: TestCoordinator, body: unknown): Promise<Response> {
  return coordinator.request('POST', '/api/v1/workers/register', body, {
    authorization: `Bearer ${await coordinator.joinToken()}`,
  });
}

const read = async (coordinator: TestCoordinator, id: string) =>
  okJson<Worker>(await coordinator.request('GET', `/api/v1/workers/${id}`));

const simple = { browsers: ['chromium', 'firefox'], max_parallel: 3, platform: 'linux' };

/** What an agent says of its machine. */
const full = {
  platform: 'darwin',
  platform_version: '15.1',
  arch: 'arm64',
  cpus: 10,
  cpu_model: 'M4',
  memory_bytes: 32e9,
  disk_free_bytes: 1e11,
  browsers: { webkit: { version: '26.0', how: 'playwright' } },
  missing_browsers: { chromium: 'not installed' },
  displays: 1,
  node_version: 'v24.1.0',
  fingerprint: 'f1',
};

test('a simple worker registers with the customer’s body', async () => {
  const coordinator = await startCoordinator();
  const answer = await register(coordinator, {
    hostname: 'box-1',
    capabilities: { ...simple, gpu: 'none', ram_gb: 16 },
  });
  expect(answer.status).toBe(201);
  const made = (await answer.json()) as { worker_id: string; api_key: string; message: string };
  expect(made).toEqual({
    worker_id: expect.any(String) as string,
    api_key: expect.stringMatching(/^pfw_[\w-]{43}$/) as string,
    message: 'Worker box-1 registered',
  });
  expect(await read(coordinator, made.worker_id)).toMatchObject({
    id: made.worker_id,
    hostname: 'box-1',
    ip_address: '127.0.0.1',
    status: 'idle',
    intent: 'active',
    capabilities: {
      platform: 'linux',
      browsers: { chromium: { version: '', how: 'playwright' }, firefox: { version: '', how: 'playwright' } },
      max_parallel: 3,
      cpus: 1,
      extra: { gpu: 'none', ram_gb: 16 },
    },
    max_parallel_tasks: 3,
    current_tasks: [],
    priority: 100,
    weight: 1,
    total_completed: 0,
    total_failed: 0,
    average_task_duration_ms: null,
    failed_health_checks: 0,
    tags: [],
    notes: '',
    metrics: null,
  });
});

test('an agent registers with all that it knows', async () => {
  const coordinator = await startCoordinator();
  const answer = await register(coordinator, {
    hostname: "Ana's MacBook",
    capabilities: { ...full, max_parallel: 2 },
    tags: ['office', 'mac:arm'],
    agent_version: '0.1.0',
  });
  const { worker_id } = await okJson<{ worker_id: string }>(answer);
  const worker = await read(coordinator, worker_id);
  expect(worker).toMatchObject({
    tags: ['office', 'mac:arm'],
    agent_version: '0.1.0',
    fingerprint: 'f1',
    max_parallel_tasks: 2,
  });
  expect(worker.capabilities).toEqual({ ...full, max_parallel: 2, extra: {} });
});

test.each([
  ['no host name', { capabilities: simple }, 'hostname', 'is required (string)'],
  ['an empty host name', { hostname: ' ', capabilities: simple }, 'hostname', /^must have at least 1 character$/],
  ['a host name with a line break', { hostname: 'a\nb', capabilities: simple }, 'hostname', /control or invisible/],
  [
    'a host name that turns text around',
    { hostname: 'a\u202Eb', capabilities: simple },
    'hostname',
    /control or invisible/,
  ],
  [
    'an unknown browser',
    { hostname: 'w', capabilities: { ...simple, browsers: ['netscape'] } },
    'capabilities.browsers[0]',
    /must be one of "chromium"\|"firefox"\|"webkit"/,
  ],
  [
    'an unknown platform',
    { hostname: 'w', capabilities: { ...simple, platform: 'beos' } },
    'capabilities.platform',
    /must be one of/,
  ],
  [
    'no browsers',
    { hostname: 'w', capabilities: { platform: 'linux' } },
    'capabilities.browsers',
    /is required|must be/,
  ],
  [
    'too many at once',
    { hostname: 'w', capabilities: { ...simple, max_parallel: 1001 } },
    'capabilities.max_parallel',
    /^must be at most 1000$/,
  ],
  ['a bad tag', { hostname: 'w', capabilities: simple, tags: ['has space'] }, 'tags[0]', /letters, digits/],
  ['an unknown field', { hostname: 'w', capabilities: simple, password: 'x' }, 'password', /is not known here/],
])('with %s it is told which field to mend', async (_, body, field, message) => {
  const coordinator = await startCoordinator();
  const answer = await register(coordinator, body);
  expect(answer.status).toBe(422);
  const { errors } = (await answer.json()) as Problem;
  expect(errors).toHaveLength(1);
  expect(errors?.[0]?.field).toBe(field);
  expect(errors?.[0]?.message).toMatch(message);
});

test('a name in use by an online worker is refused with the mend, one of an offline or removed worker is taken over', async () => {
  const coordinator = await startCoordinator();
  const first = await coordinator.enrol('box-1');
  await coordinator.request('PATCH', `/api/v1/workers/${first.workerId}`, {
    notes: 'under the desk',
    priority: 7,
    intent: 'paused',
  });
  const taken = await register(coordinator, { hostname: 'box-1', capabilities: simple });
  expect(taken.status).toBe(409);
  expect(await taken.json()).toMatchObject({
    code: 'hostname_taken',
    detail: expect.stringContaining('--name') as string,
  });
  expect((await coordinator.request('DELETE', `/api/v1/workers/${first.workerId}`)).status).toBe(200);
  const again = await okJson<{ worker_id: string; api_key: string; message: string }>(
    await register(coordinator, { hostname: 'box-1', capabilities: simple }),
  );
  expect(again).toMatchObject({ worker_id: first.workerId, message: 'Worker box-1 is back under a new key' });
  const withKey = (key: string) =>
    coordinator.request('GET', '/api/v1/auth/me', undefined, { authorization: `Bearer ${key}` });
  expect((await withKey(first.apiKey)).status).toBe(401);
  expect(await (await withKey(again.api_key)).json()).toMatchObject({
    kind: 'worker',
    id: first.workerId,
    name: 'box-1',
    role: null,
  });
  expect(await read(coordinator, first.workerId)).toMatchObject({
    notes: 'under the desk',
    priority: 7,
    intent: 'active',
    status: 'idle',
  });
});
