import { expect, test } from 'vitest';
import type {
  FailurePatterns,
  Health,
  Machines,
  Performance,
  Trends,
  WorkerUse,
} from '../../../shared/protocol/rest/analytics.ts';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { WorkerTask } from '../../../shared/protocol/rest/tasks.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { LinkWorker } from '../../support/link-worker.ts';
import { runSuite } from '../../support/suite-runs.ts';

const get = async <T>(coordinator: TestCoordinator, path: string) =>
  okJson<T>(await coordinator.request('GET', `/api/v1${path}`));

async function withRuns() {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { name: 'mac-1', slots: 1 });
  await worker.connect();
  await runSuite(coordinator, worker, {
    a: {},
    b: { ends: 'flaky', errors: [{ message: 'Error: hang up after 3 s' }] },
  });
  await runSuite(coordinator, worker, {
    a: {},
    b: { ends: 'failed', errors: [{ message: 'Error: hang up after 9 s' }] },
  });
  await runSuite(coordinator, worker, { c: { ends: 'skipped' }, d: {} }, { project: 'other' });
  return { coordinator, worker };
}

test('runs are counted over time, by project, with what was before', async () => {
  const { coordinator } = await withRuns();
  const all = await get<Performance>(coordinator, '/metrics/performance');
  expect(all.last_24_hours.now).toMatchObject({
    runs: 3,
    passed: 2,
    failed: 1,
    success_rate: 2 / 3,
    tests: 6,
    tests_flaky: 1,
    tests_unexpected: 1,
    tests_skipped: 1,
    tests_success_rate: 4 / 5,
  });
  expect(all.last_24_hours.before).toMatchObject({ runs: 0, success_rate: null, mean_ms: null });
  expect(all.last_30_days.now).toEqual(all.last_24_hours.now);
  const shop = await get<Performance>(coordinator, '/metrics/performance?project=shop');
  expect(shop.last_7_days.now).toMatchObject({ runs: 2, passed: 1 });
  const trends = await get<Trends>(coordinator, '/metrics/trends?time_zone=Asia/Kolkata&bucket=day');
  expect(trends.buckets.length).toBeGreaterThanOrEqual(30);
  expect(trends.buckets.every(({ from }) => from.endsWith('T18:30:00.000Z'))).toBe(true);
  expect(trends.buckets.reduce((sum, { runs }) => sum + runs, 0)).toBe(3);
  expect(trends.totals).toEqual(all.last_24_hours.now);
});

test.each([
  ['/metrics/trends?time_zone=Mars/Olympus', 'time_zone'],
  ['/metrics/trends?bucket=hour&from=2025-01-01T00:00:00Z&to=2025-12-01T00:00:00Z', 'bucket'],
  ['/metrics/trends?from=2020-01-01T00:00:00Z', 'from'],
  ['/metrics/workers?from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z', 'from'],
  ['/metrics/failures?limit=0', 'limit'],
  ['/metrics/machines', 'ids'],
])('%s is refused, and the answer names %s', async (path, field) => {
  const coordinator = await startCoordinator();
  const refused = (await (await coordinator.request('GET', `/api/v1${path}`)).json()) as Problem;
  expect([refused.status, refused.errors?.[0]?.field]).toEqual([422, field]);
});

test('errors that differ in figures alone are one pattern over runs', async () => {
  const { coordinator } = await withRuns();
  const { items } = await get<FailurePatterns>(coordinator, '/metrics/failures');
  expect(items).toMatchObject([
    {
      title: 'Error: hang up after #',
      unexpected: 1,
      flaky: 1,
      runs: 2,
      last_run: { number: 2 },
      projects: ['shop'],
      days: [{ failures: 2 }],
    },
  ]);
  expect((await get<FailurePatterns>(coordinator, '/metrics/failures?project=other')).items).toEqual([]);
});

test('a worker has its busy and lent time by hour of the week, and what it did', async () => {
  const { coordinator, worker } = await withRuns();
  const { workers } = await get<WorkerUse>(coordinator, '/metrics/workers?time_zone=Europe/Berlin');
  expect(workers).toMatchObject([
    { worker: 'mac-1', removed: false, share: 1, tests: 6, tests_unexpected: 1, tests_flaky: 1, tasks_failed: 0 },
  ]);
  const [mac] = workers;
  expect(mac!.busy_seconds).toBeGreaterThan(0);
  expect(mac!.lent_seconds).toBeGreaterThan(mac!.busy_seconds * 0.9);
  expect(mac!.heat.filter((hour) => hour !== null).length).toBeGreaterThanOrEqual(1);
  const { items } = await get<{ items: WorkerTask[] }>(coordinator, `/workers/${worker.workerId}/tasks?limit=2`);
  expect(items).toHaveLength(2);
  expect(items[0]).toMatchObject({ kind: 'units', number: 3, project: 'other', ended: 'completed', blame: null });
});

test('heartbeats become sparklines, of workers that exist', async () => {
  const coordinator = await startCoordinator();
  const { workerId, apiKey } = await coordinator.enrol('mac-1');
  const beat = (cpu: number) =>
    coordinator.request(
      'PUT',
      `/api/v1/workers/${workerId}/heartbeat`,
      { metrics: { cpu_percent: cpu, disk_free_bytes: 10, disk_total_bytes: 100 } },
      {
        authorization: `Bearer ${apiKey}`,
      },
    );
  await okJson(await beat(10));
  await okJson(await beat(30));
  const { items } = await get<Machines>(coordinator, `/metrics/machines?ids=${workerId},nothing&points=2`);
  expect(items).toMatchObject([{ worker_id: workerId, points: [{ cpu_percent: 20, disk_free_bytes: 10 }] }]);
});

test('the score says what is missing', async () => {
  const coordinator = await startCoordinator();
  const health = () => get<Health>(coordinator, '/metrics/health');
  expect(await health()).toMatchObject({
    score: 40,
    state: 'bad',
    reasons: [{ code: 'no_workers', severity: 'critical' }],
  });
  const worker = await LinkWorker.enrol(coordinator, { slots: 3 });
  await worker.connect();
  expect(await health()).toMatchObject({
    score: 100,
    state: 'good',
    reasons: [],
    workers: { online: 1, slots: 3, slots_busy: 0 },
  });
});
