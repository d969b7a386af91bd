import { expect, test } from 'vitest';
import { startCoordinator } from '../../support/coordinator.ts';
import { LinkWorker } from '../../support/link-worker.ts';

test('an agent is told the pace when it connects, one of before is not', async () => {
  const coordinator = await startCoordinator();
  const newer = await LinkWorker.enrol(coordinator, { name: 'newer', protocol: 3 });
  const older = await LinkWorker.enrol(coordinator, { name: 'older', protocol: 2 });
  const { protocol } = await older.connect();
  expect(protocol).toBe(2);
  const { heartbeatMs } = await newer.connect();
  expect(await newer.next('pace')).toEqual({ type: 'pace', logMs: 200, heartbeatMs });
  // What is sent to it later has come: nothing of the kind was before it.
  await coordinator.request('PATCH', `/api/v1/workers/${older.workerId}`, {
    intent: 'maintenance',
    reason: 'new disk',
  });
  await older.next('intent');
  expect(older.waiting('pace')).toBe(0);
});
