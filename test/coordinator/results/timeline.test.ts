import { expect, test } from 'vitest';
import type { Attempts, Timeline } from '../../../shared/protocol/rest/timeline.ts';
import type { Explanation } from '../../../shared/protocol/rest/explain.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';
import { LinkWorker } from '../../support/link-worker.ts';
import { runSuite } from '../../support/suite-runs.ts';

const start = async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const run = await runSuite(coordinator, worker, {
    one: {},
    two: { ends: 'failed', errors: [{ message: 'Error: no' }] },
    three: { ends: 'flaky', errors: [{ message: 'Error: sometimes' }] },
  });
  const get = async <T>(below: string) =>
    okJson<T>(await coordinator.request('GET', `/api/v1/test-runs/${run.id}/${below}`));
  return { coordinator, run, get };
};

test('a timeline has as many lanes as the explanation has slots, and each attempt belongs to a grant on it', async () => {
  const { get, run } = await start();
  const timeline = await get<Timeline>('timeline');
  const explanation = await get<Explanation>('explain');
  expect(timeline.status).toBe(run.status);
  expect(timeline.workers.map(({ worker, lanes }) => [worker, lanes.length])).toEqual(
    explanation.workers.map(({ worker, slots }) => [worker, slots.length]),
  );
  const grants = timeline.workers.flatMap(({ lanes }) => lanes.flatMap((lane) => lane.grants));
  const { items, more } = await get<Attempts>('attempts');
  expect(more).toBe(false);
  expect(items.map(({ test_id, retry, status }) => [test_id, retry, status]).sort()).toEqual([
    ['one', 0, 'passed'],
    ['three', 0, 'failed'],
    ['three', 1, 'passed'],
    ['two', 0, 'failed'],
  ]);
  for (const { fence, counted } of items) {
    expect(grants.map((grant) => grant.fence)).toContain(fence);
    expect(counted).toBe(true);
  }
});

test('attempts are read on from the last one that is known, and no sooner', async () => {
  const { get } = await start();
  const first = await get<Attempts>('attempts?limit=3');
  expect(first).toMatchObject({ more: true });
  const rest = await get<Attempts>(`attempts?after=${first.items.at(-1)!.id}`);
  expect(rest).toMatchObject({ more: false });
  expect([...first.items, ...rest.items]).toEqual((await get<Attempts>('attempts')).items);
  expect(await get<Attempts>(`attempts?after=${rest.items.at(-1)!.id}`)).toEqual({ items: [], more: false });
});
