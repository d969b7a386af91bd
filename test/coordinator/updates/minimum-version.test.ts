/** Agents that are too old: they finish what they have, get nothing new, and are told what to do. */
import { expect, test } from 'vitest';
import { CLOSE } from '../../../shared/protocol/link.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { machineMetrics } from '../../../shared/protocol/work.ts';
import { LinkWorker } from '../../support/link-worker.ts';

const demand = (c: TestCoordinator, version: string | null) =>
  c.request('PUT', '/api/v1/settings', { minimum_agent_version: version }).then(okJson);

async function startRun(c: TestCoordinator): Promise<string> {
  const body = { name: 'r', project: 'shop', total_shards: 1, source: { type: 'path', path: '/x' } };
  return (await okJson<{ test_run_id: string }>(await c.request('POST', '/api/v1/test-runs/create', body))).test_run_id;
}

test('an agent that is too old is told both versions and what to do, and people see its version', async () => {
  const c = await startCoordinator();
  await demand(c, '1.4.0');
  const worker = await LinkWorker.enrol(c, { name: 'old-machine', agentVersion: '1.3.9' });
  const said = await worker.connectRefused();
  expect(said).toMatchObject({ code: 'agent_too_old' });
  expect(said.message).toMatch(/from 1.4.0 on, this one is 1.3.9: update it/);
  await expect.poll(() => worker.closed).toEqual([{ code: CLOSE.agentTooOld }]);
  const { items } = await okJson<{ items: { hostname: string; agent_version: string }[] }>(
    await c.request('GET', '/api/v1/workers'),
  );
  expect(items).toMatchObject([{ hostname: 'old-machine', agent_version: '1.3.9' }]);
  const { minimum_agent_version, fleet } = await okJson<{ minimum_agent_version: string; fleet: object[] }>(
    await c.request('GET', '/api/v1/updates'),
  );
  expect(minimum_agent_version).toBe('1.4.0');
  expect(fleet).toMatchObject([{ agent_version: '1.3.9', workers: 1 }]);
});

test('an agent of the demanded version or newer gets in; of one before the release it does not', async () => {
  const c = await startCoordinator();
  await demand(c, '1.4.0');
  for (const agentVersion of ['1.4.0', '1.10.0', '2.0.0-beta.1']) {
    const worker = await LinkWorker.enrol(c, { name: `machine-${agentVersion}`, agentVersion });
    await expect(worker.connect()).resolves.toMatchObject({ type: 'welcome' });
  }
  const early = await LinkWorker.enrol(c, { name: 'early', agentVersion: '1.4.0-rc.1' });
  expect(await early.connectRefused()).toMatchObject({ code: 'agent_too_old' });
  expect((await c.request('PUT', '/api/v1/settings', { minimum_agent_version: 'newest' })).status).toBe(422);
});

test('raising the version ends the links of idle agents at once, and of busy ones when they have finished', async () => {
  const c = await startCoordinator();
  const busy = await LinkWorker.enrol(c, { name: 'busy', agentVersion: '1.0.0', slots: 1 });
  await busy.connect();
  await startRun(c);
  busy.say({ type: 'offer', free: 1 });
  const grant = await busy.grant();
  const idle = await LinkWorker.enrol(c, { name: 'idle', agentVersion: '1.0.0', slots: 1 });
  await idle.connect();
  await demand(c, '1.1.0');
  await expect.poll(() => idle.closed).toEqual([{ code: CLOSE.agentTooOld }]);
  await startRun(c);
  busy.say({ type: 'offer', free: 1 });
  expect(await busy.carryOut(grant)).toBe('accepted');
  expect(busy.waiting('grant')).toBe(0);
  busy.say({ type: 'heartbeat', metrics: machineMetrics.parse({}), held: [] });
  await expect.poll(() => busy.closed).toEqual([{ code: CLOSE.agentTooOld }]);
  await demand(c, null);
  await expect(busy.connect()).resolves.toMatchObject({ type: 'welcome', intent: 'active' });
});

test('a worker that only asks by REST is told the same, finishes what it has, and gets work again with its new version', async () => {
  const c = await startCoordinator();
  const { workerId, apiKey } = await c.enrol('by-rest');
  const ask = (method: string, path: string, body?: unknown) =>
    c.request(method, `/api/v1${path}`, body, { authorization: `Bearer ${apiKey}` });
  const beat = (body: object) => ask('PUT', `/workers/${workerId}/heartbeat`, body).then(okJson);
  const next = () =>
    ask('GET', '/tasks/next').then((answer) => okJson<{ task_id: string | null; message?: string }>(answer));
  await beat({ agent_version: '1.3.9' });
  await startRun(c);
  const { task_id: first } = await next();
  const { fence } = await okJson<{ fence: number }>(await ask('POST', `/tasks/${first}/claim`));
  const run = await startRun(c);
  const tooOld = /from 1.4.0 on, this one is 1.3.9: update it/;
  await demand(c, '1.4.0');
  expect(await next()).toEqual({ task_id: null, message: expect.stringMatching(tooOld) as string });
  const { items } = await okJson<{ items: { id: string }[] }>(await c.request('GET', `/api/v1/test-runs/${run}/tasks`));
  const refused = await ask('POST', `/tasks/${items[0]!.id}/claim`);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({
    code: 'agent_too_old',
    detail: expect.stringMatching(tooOld) as string,
  });
  // What it holds goes on: its lease is renewed, and its end is taken.
  await okJson(await ask('POST', `/tasks/${first}/heartbeat`, { fence }));
  await beat({ agent_version: '1.4.0' });
  expect((await next()).task_id).toBe(items[0]!.id);
});

test('a worker that has not said its version gets nothing while one is demanded, and is told how to say it', async () => {
  const c = await startCoordinator();
  const { apiKey } = await c.enrol('silent');
  await startRun(c);
  await demand(c, '1.4.0');
  const next = () => c.request('GET', '/api/v1/tasks/next', undefined, { authorization: `Bearer ${apiKey}` });
  const silent = { task_id: null, message: expect.stringMatching(/has not said its version: .*heartbeat/) as string };
  expect(await okJson(await next())).toEqual(silent);
  await demand(c, null);
  expect(await okJson(await next())).toMatchObject({ task_id: expect.any(String) as string });
});
