import { expect, test } from 'vitest';
import type { WorkerPatch } from '../../../shared/protocol/rest/workers.ts';
import { ApiError } from '../../../src-renderer/fleet/api-error.ts';
import { eachOf, patched, wayBack } from '../../../src-renderer/fleet/worker-changes.ts';
import { bulkResult, changeFor } from '../../../src-renderer/workers/bulk.ts';
import { aWorker } from './a-worker.ts';

test('a change that changes nothing is not asked for', () => {
  const paused = aWorker({ intent: 'paused', intent_reason: 'noise', tags: ['gpu'] });
  expect(changeFor(paused, 'pause')).toBeNull();
  expect(changeFor(paused, 'pause', { reason: 'moving' })).toEqual({ intent: 'paused', reason: 'moving' });
  expect(changeFor(paused, 'resume')).toEqual({ intent: 'active' });
  expect(changeFor(paused, 'addTags', { tags: ['gpu'] })).toBeNull();
  expect(changeFor(paused, 'addTags', { tags: ['gpu', 'office'] })).toEqual({ tags: ['gpu', 'office'] });
  expect(changeFor(paused, 'removeTags', { tags: ['gpu'] })).toEqual({ tags: [] });
});

test('the result says of each worker what became of it, and how to put back what was changed', () => {
  const a = aWorker({ hostname: 'a' });
  const b = aWorker({ hostname: 'b', intent: 'paused' });
  const c = aWorker({ hostname: 'c', intent: 'draining', intent_reason: 'moves house' });
  const changes = new Map<string, WorkerPatch>([
    ['a', { intent: 'paused' }],
    ['c', { intent: 'paused' }],
  ]);
  const outcomes = [
    { id: 'a', result: 'refused' as const, detail: 'Not yours.' },
    { id: 'c', result: 'done' as const, detail: null },
  ];
  const result = bulkResult('pause', [a, b, c], outcomes, changes);
  expect(result).toMatchObject({ done: 1, unchanged: 1, refused: 1 });
  expect(result.items.map(({ hostname, result }) => [hostname, result])).toEqual([
    ['a', 'refused'],
    ['b', 'unchanged'],
    ['c', 'done'],
  ]);
  expect([...result.undo]).toEqual([['c', { intent: 'draining', reason: 'moves house' }]]);
});

test('a change and its way back lead to where one was', () => {
  const before = aWorker({ tags: ['x'], priority: 3, intent: 'draining', intent_reason: 'moves house' });
  const change: WorkerPatch = { intent: 'maintenance', reason: 'new disk', tags: [], priority: 9 };
  const after = patched(before, change);
  expect(after).toMatchObject({
    intent: 'maintenance',
    intent_reason: 'new disk',
    status: 'maintenance',
    tags: [],
    priority: 9,
  });
  const { status: _, ...back } = patched(after, wayBack(before, change));
  const { status: _before, ...expected } = before;
  expect(back).toEqual(expected);
});

test('what is refused for one keeps nobody from the others; other errors are thrown', async () => {
  const act = async (id: string) => {
    if (id === '3') throw new ApiError('Not yours.', { status: 403 });
    await Promise.resolve();
  };
  const ids = Array.from({ length: 20 }, (_, n) => String(n));
  const outcomes = await eachOf(ids, act);
  expect(outcomes.map(({ id }) => id)).toEqual(ids);
  expect(outcomes.filter(({ result }) => result === 'refused')).toEqual([
    { id: '3', result: 'refused', detail: 'Not yours.' },
  ]);
  await expect(eachOf(['1'], () => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours');
});
