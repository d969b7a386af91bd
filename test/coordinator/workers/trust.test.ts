/** Whom a fleet lets in, whom a machine's owner lets in, and how long a key works. */
import { expect, test } from 'vitest';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { LinkWorker } from '../../support/link-worker.ts';

const DAY_MS = 86_400_000;

async function startRun(c: TestCoordinator, project = 'shop'): Promise<string> {
  const body = { name: 'r', project, total_shards: 1, source: { type: 'path', path: '/x' } };
  return (await okJson<{ test_run_id: string }>(await c.request('POST', '/api/v1/test-runs/create', body))).test_run_id;
}

const reasonOf = async (c: TestCoordinator, runId: string) =>
  (await okJson<{ reason: string | null }>(await c.request('GET', `/api/v1/test-runs/${runId}`))).reason;

async function set(c: TestCoordinator, change: object): Promise<void> {
  await okJson(await c.request('PUT', '/api/v1/settings', change));
}

async function claim(c: TestCoordinator, apiKey: string, runId: string): Promise<Response> {
  const { items } = await okJson<{ items: { id: string }[] }>(
    await c.request('GET', `/api/v1/test-runs/${runId}/tasks`),
  );
  return c.request('POST', `/api/v1/tasks/${items[0]?.id}/claim`, {}, { authorization: `Bearer ${apiKey}` });
}

test('where new machines wait for approval, one gets work once an admin has approved it, by link and by claim', async () => {
  const c = await startCoordinator();
  await set(c, { worker_approval: true });
  const { workerId, apiKey } = await c.enrol('newcomer');
  const worker = new LinkWorker(c.url, workerId, apiKey, {});
  await worker.connect();
  const runId = await startRun(c);
  await expect
    .poll(() => reasonOf(c, runId))
    .toMatch(/newcomer waits for an admin.*playfleet workers approve newcomer/);
  const refused = await claim(c, apiKey, runId);
  expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('approve')]);
  expect(worker.waiting('grant')).toBe(0);
  const own = { authorization: `Bearer ${apiKey}` };
  expect((await c.request('POST', `/api/v1/workers/${workerId}/approve`, undefined, own)).status).toBe(403);
  const approved = await c.request('POST', `/api/v1/workers/${workerId}/approve`);
  expect(await okJson(approved)).toMatchObject({ approved: true });
  expect((await worker.grant()).runId).toBe(runId);
  expect(await (await c.request('GET', '/api/v1/audit?action=worker.approved')).text()).toContain('newcomer');
});

test('machines from before the setting go on working', async () => {
  const c = await startCoordinator();
  const worker = await LinkWorker.enrol(c);
  await set(c, { worker_approval: true });
  await worker.connect();
  const runId = await startRun(c);
  expect((await worker.grant()).runId).toBe(runId);
});

test('a machine gets work of the projects alone that its owner lets run', async () => {
  const c = await startCoordinator();
  const { workerId, apiKey } = await c.enrol('laptop');
  const worker = new LinkWorker(c.url, workerId, apiKey, { protocol: 4, allowProjects: ['shop', 'docs'] });
  await worker.connect();
  const bank = await startRun(c, 'bank');
  await expect.poll(() => reasonOf(c, bank)).toMatch(/laptop does not run this project: its owner allows shop, docs/);
  expect((await claim(c, apiKey, bank)).status).toBe(409);
  const shop = await startRun(c, 'shop');
  expect(await worker.grant()).toMatchObject({ runId: shop, project: 'shop' });
  expect(worker.waiting('grant')).toBe(0);
  const seen = await okJson<{ allow_projects: string[] }>(await c.request('GET', `/api/v1/workers/${workerId}`));
  expect(seen.allow_projects).toEqual(['shop', 'docs']);
});

test('an agent is told to replace its key after two thirds of its life, and never where keys do not end', async () => {
  const c = await startCoordinator();
  const worker = await LinkWorker.enrol(c);
  const { keyRotateInMs } = await worker.connect();
  expect(keyRotateInMs).toBeGreaterThan(90 * 0.66 * DAY_MS);
  expect(keyRotateInMs).toBeLessThanOrEqual(90 * 0.67 * DAY_MS);
  await set(c, { worker_key_life_days: 0 });
  const other = await LinkWorker.enrol(c, { name: 'other' });
  expect((await other.connect()).keyRotateInMs).toBeNull();
});
