/** What is open when a key ends, ends with it. */
import { expect, test, vi } from 'vitest';
import { CLOSE } from '../../../shared/protocol/link.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';
import { LinkWorker } from '../../support/link-worker.ts';

test('a worker whose key a person replaces loses the connection that it opened with the old one', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator);
  await worker.connect();
  await okJson(await coordinator.request('POST', `/api/v1/workers/${worker.workerId}/rotate-key`));
  await vi.waitFor(() => expect(worker.closed).toEqual([{ code: CLOSE.keyRefused }]));
  await expect(worker.connect()).rejects.toThrow('401');
});

test('a worker that replaces its key itself stays connected', async () => {
  const coordinator = await startCoordinator();
  const { workerId, apiKey } = await coordinator.enrol('mill');
  const worker = new LinkWorker(coordinator.url, workerId, apiKey, {});
  await worker.connect();
  const asWorker = { authorization: `Bearer ${apiKey}` };
  const made = await okJson<{ api_key: string }>(
    await coordinator.request('POST', `/api/v1/workers/${workerId}/rotate-key`, undefined, asWorker),
  );
  const own = { authorization: `Bearer ${made.api_key}` };
  expect((await coordinator.request('GET', `/api/v1/workers/${workerId}`, undefined, own)).status).toBe(200);
  expect(worker.closed).toEqual([]);
});

test('a worker that is removed loses its connection', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator);
  await worker.connect();
  await okJson(await coordinator.request('DELETE', `/api/v1/workers/${worker.workerId}`));
  await vi.waitFor(() => expect(worker.closed).toEqual([{ code: CLOSE.keyRefused }]));
  await expect(worker.connect()).rejects.toThrow('401');
});
