import { expect, test } from 'vitest';
import type { BulkAnswer } from '../../../shared/protocol/rest/bulk.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Worker } from '../../../shared/protocol/rest/workers.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';

const outcomes = ({ items }: BulkAnswer) => items.map(({ result, status, code }) => [result, status, code]);

test('several runs are cancelled or run again in one call, each with its own result', async () => {
  const coordinator = await startCoordinator();
  const create = async () =>
    (
      await okJson<Run & { test_run_id: string }>(
        await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'x' }),
      )
    ).test_run_id;
  const [one, two] = [await create(), await create()];
  const bulk = async (body: object, headers = {}) =>
    okJson<BulkAnswer>(await coordinator.request('POST', '/api/v1/test-runs/bulk', body, headers));
  expect(outcomes(await bulk({ action: 'cancel', ids: [one, '2', 'nothing', one] }))).toEqual([
    ['done', 200, null],
    ['done', 200, null],
    ['refused', 404, 'not_found'],
  ]);
  expect(await bulk({ action: 'cancel', ids: [one] })).toMatchObject({ done: 0, unchanged: 1, refused: 0 });
  const open = await create();
  const retry = { action: 'retry', only: 'all', ids: [one, open, two] };
  const key = { 'idempotency-key': 'again' };
  const first = await bulk(retry, key);
  expect(outcomes(first)).toEqual([
    ['done', 201, null],
    ['refused', 409, 'run_not_final'],
    ['done', 201, null],
  ]);
  expect(first.items.map((item) => item.number)).toEqual([4, null, 5]);
  expect(await bulk(retry, key)).toEqual(first);
  const { items } = await okJson<{ items: Run[] }>(await coordinator.request('GET', '/api/v1/test-runs'));
  expect(items.map((run) => run.number)).toEqual([5, 4, 3, 2, 1]);
});

test('several workers are drained and tagged in one call, and again changes nothing', async () => {
  const coordinator = await startCoordinator();
  const [a, b] = [(await coordinator.enrol('a')).workerId, (await coordinator.enrol('b')).workerId];
  const asked = {
    ids: [a, b, 'nothing'],
    intent: 'draining',
    reason: 'update',
    add_tags: ['gpu'],
    remove_tags: ['old'],
  };
  const bulk = async () => okJson<BulkAnswer>(await coordinator.request('POST', '/api/v1/workers/bulk', asked));
  expect(outcomes(await bulk())).toEqual([
    ['done', 200, null],
    ['done', 200, null],
    ['refused', 404, 'not_found'],
  ]);
  expect(await okJson<Worker>(await coordinator.request('GET', `/api/v1/workers/${b}`))).toMatchObject({
    intent: 'draining',
    intent_reason: 'update',
    tags: ['gpu'],
  });
  expect(await bulk()).toMatchObject({ done: 0, unchanged: 2, refused: 1 });
  const { items } = await okJson<{ items: { action: string; target: string }[] }>(
    await coordinator.request('GET', '/api/v1/audit?action=worker.changed'),
  );
  expect(items.map(({ target }) => target).sort()).toEqual(['a', 'b']);
  expect((await coordinator.request('POST', '/api/v1/workers/bulk', { ids: [a] })).status).toBe(422);
});

test('what belongs to another team is not found, and what is shared is refused', async () => {
  const coordinator = await startCoordinator();
  await okJson(await coordinator.request('POST', '/api/v1/teams', { name: 'North' }));
  const { token } = await okJson<{ token: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'api', role: 'maintainer', team: 'North' }),
  );
  const { test_run_id: run } = await okJson<{ test_run_id: string }>(
    await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'x' }),
  );
  const { workerId } = await coordinator.enrol('shared');
  const headers = { authorization: `Bearer ${token}` };
  const runs = await coordinator.request('POST', '/api/v1/test-runs/bulk', { action: 'cancel', ids: [run] }, headers);
  expect(outcomes(await okJson<BulkAnswer>(runs))).toEqual([['refused', 404, 'not_found']]);
  const workers = await coordinator.request(
    'POST',
    '/api/v1/workers/bulk',
    { ids: [workerId], intent: 'paused' },
    headers,
  );
  expect(outcomes(await okJson<BulkAnswer>(workers))).toEqual([['refused', 403, 'forbidden']]);
});
