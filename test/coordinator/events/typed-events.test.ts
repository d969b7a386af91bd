import { expect, test } from 'vitest';
import { emptyView, reduceRun } from '../../../shared/model/run-view.ts';
import { parseEvent } from '../../../shared/protocol/events.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';

test('what is told of changed workers and settings has the shape that the protocol gives it, and changes no run', async () => {
  const coordinator = await startCoordinator();
  const { workerId } = await coordinator.enrol('box');
  await okJson(await coordinator.request('PATCH', `/api/v1/workers/${workerId}`, { priority: 7, notes: 'n' }));
  await okJson(await coordinator.request('PUT', '/api/v1/settings', { task_max_retries: 5 }));
  const { items } = await okJson<{ items: { type: string; at: string }[] }>(
    await coordinator.request('GET', '/api/v1/events?limit=100'),
  );
  const events = items
    .map((item) => parseEvent({ ...item, at: Date.parse(item.at) }))
    .filter((event) => event?.type === 'worker.changed' || event?.type === 'settings.changed');
  expect(events).toMatchObject([
    { worker_id: workerId, run_id: null, data: { worker: 'box', fields: ['priority', 'notes'] } },
    { worker_id: null, run_id: null, data: { keys: ['task_max_retries'], by: 'test admin' } },
  ]);
  for (const event of events) {
    const { seq, epoch, updated_at, ...view } = reduceRun(emptyView('run-1'), event);
    expect({ seq, epoch, updated_at }).toEqual({ seq: event.seq, epoch: event.epoch, updated_at: event.at });
    expect({ ...emptyView('run-1'), ...view }).toEqual(emptyView('run-1'));
  }
});
