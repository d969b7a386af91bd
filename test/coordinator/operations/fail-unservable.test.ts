import { beforeEach, expect, test } from 'vitest';
import { failUnservable } from '../../../coordinator/operations/fail-unservable.ts';
import { getOrCreateProject } from '../../../coordinator/projects/get-or-create-project.ts';
import { createRun } from '../../../coordinator/runs/create-run.ts';
import { moveRun } from '../../../coordinator/runs/move-run.ts';
import type { Database } from '../../../coordinator/storage/database.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { runCreate, type Run } from '../../../shared/protocol/rest/runs.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';
import { freshDatabase, stillClock } from '../storage/fresh.ts';

const START = 1_000_000;
const TIMEOUT = 60_000;

let clock: ReturnType<typeof stillClock>;
let db: Database;
let run: string;

beforeEach(async () => {
  clock = stillClock(START);
  db = await freshDatabase({ migrations, clock });
  run = await db.write(async (w) => {
    const projectId = await getOrCreateProject(w, { name: 'shop', teamId: 'default' }, START);
    const create = runCreate.parse({ name: 'nightly' });
    const defaults = { maxRetries: 0, taskTimeoutMs: 1000 };
    const { id } = await createRun(w, { create, projectId, createdBy: 'me', defaults }, START);
    await moveRun(w, id, { type: 'activate', kind: 'queue' }, { reason: null }, START);
    return id;
  });
});

/** As the dispatcher says it. */
const say = (reason: string | null) =>
  db.write(async (w) => {
    await w.run('UPDATE runs SET reason = ? WHERE id = ?', [reason, run]);
    await w.event({ type: 'run.reason', runId: run, data: { reason } });
  });

const giveUp = (patience: { timeoutMs?: number; from?: number } = {}) =>
  db.write((w) => failUnservable(w, { timeoutMs: TIMEOUT, from: 0, ...patience }, clock.time));

const read = () =>
  db.read((r) => r.get<{ state: string; reason: string | null }>('SELECT state, reason FROM runs WHERE id = ?', [run]));

test('a run that nobody could serve for the whole time-out fails with its reason, and its tasks are cancelled', async () => {
  await say('No worker is connected. Start one');
  clock.time += TIMEOUT - 1;
  expect(await giveUp()).toEqual([]);
  clock.time += 1;
  expect(await giveUp()).toEqual([run]);
  const reason = 'Nobody could serve this run for 1 minute. No worker is connected. Start one';
  expect(await read()).toEqual({ state: 'failed', reason });
  const tasks = await db.read((r) => r.all('SELECT state, reason FROM tasks WHERE run_id = ?', [run]));
  expect(tasks).toEqual([{ state: 'cancelled', reason }]);
  expect(await giveUp()).toEqual([]);
});

test('the time goes on when only the words of the reason change, and begins anew when somebody could serve it meanwhile', async () => {
  await say('No worker is connected');
  clock.time += TIMEOUT / 2;
  await say('No connected worker can launch webkit');
  clock.time += TIMEOUT / 2;
  await say(null);
  expect(await giveUp()).toEqual([]);
  await say('No worker is connected');
  clock.time += TIMEOUT / 2;
  await say('No connected worker can launch webkit');
  clock.time += TIMEOUT / 2 - 1;
  expect(await giveUp()).toEqual([]);
  clock.time += 1;
  expect(await giveUp()).toEqual([run]);
  expect((await read())?.reason).toContain('can launch webkit');
});

test('a time-out of 0 waits for ever, and time in which nobody looked does not count', async () => {
  await say('No worker is connected');
  clock.time += 100 * TIMEOUT;
  expect(await giveUp({ timeoutMs: 0 })).toEqual([]);
  expect(await giveUp({ from: clock.time - TIMEOUT + 1 })).toEqual([]);
  expect(await giveUp({ from: clock.time - TIMEOUT })).toEqual([run]);
});

test('a coordinator ends such a run by its setting, but none that a worker works on which only polls', async () => {
  const coordinator = await startCoordinator();
  await okJson(await coordinator.request('PUT', '/api/v1/settings', { unservable_timeout_seconds: 1 }));
  const { apiKey } = await coordinator.enrol('poller');
  const create = async (over: object) => {
    const answer = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'shop', ...over });
    return (await okJson<{ test_run_id: string }>(answer)).test_run_id;
  };
  const get = async (id: string) => okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${id}`));
  const held = await create({ total_shards: 1 });
  await expect.poll(async () => (await get(held)).reason).toMatch(/^No worker is connected/);
  const { items } = await okJson<{ items: { id: string }[] }>(
    await coordinator.request('GET', `/api/v1/test-runs/${held}/tasks`),
  );
  const claim = `/api/v1/tasks/${items[0]?.id ?? ''}/claim`;
  await okJson(await coordinator.request('POST', claim, undefined, { authorization: `Bearer ${apiKey}` }));
  const unserved = await create({ total_shards: 1, requirements: { tags: ['gpu'] } });
  await expect.poll(async () => (await get(unserved)).status, { timeout: 30_000, interval: 200 }).toBe('failed');
  expect((await get(unserved)).reason).toMatch(/^Nobody could serve this run for 1 second\. No worker is connected/);
  expect(await get(held)).toMatchObject({ status: 'running', reason: expect.stringMatching(/^No worker/) as string });
}, 40_000);
