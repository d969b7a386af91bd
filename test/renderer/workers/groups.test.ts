import { expect, test } from 'vitest';
import { slotsOf, standingOf } from '../../../src-renderer/parts/worker-standing.ts';
import { availability, grouped } from '../../../src-renderer/workers/groups.ts';
import { badTag, joinLine, tagsIn } from '../../../src-renderer/workers/join-lines.ts';
import { ordered, sortingOf } from '../../../src-renderer/workers/order.ts';
import { aTask, aWorker } from './a-worker.ts';

test('slots are what tasks hold, what others hold there, and what is free', () => {
  const worker = aWorker({ current_tasks: [aTask('t')], allocated: { slots: 3, cpus: 0, memory_bytes: 0 } });
  expect(slotsOf(worker)).toMatchObject({ more: 2, free: 1 });
  expect(slotsOf({ ...worker, max_parallel_tasks: 2 })).toMatchObject({ more: 2, free: 0 });
});

test('a worker stands as what people must know first', () => {
  const breaker = { state: 'open' as const, reason: 'x', next_try_at: null, openings: 1 };
  expect(standingOf(aWorker({ status: 'busy', breaker, intent: 'paused' }))).toBe('paused');
  expect(standingOf(aWorker({ status: 'busy', breaker }))).toBe('breakerOpen');
  expect(standingOf(aWorker({ status: 'offline', approved: false }))).toBe('offline');
  expect(standingOf(aWorker({ approved: false }))).toBe('approvalWaits');
  expect(standingOf(aWorker())).toBe('idle');
});

test('a worker with several tags is in several groups, those without one come last', () => {
  const workers = [aWorker({ hostname: 'a' }), aWorker({ hostname: 'b', tags: ['gpu', 'lab'] })];
  expect(grouped(workers, 'tag').map(({ key, slots }) => [key, slots])).toEqual([
    ['gpu', 4],
    ['lab', 4],
    [null, 4],
  ]);
});

test('what is available is counted of machines that take work now', () => {
  const workers = [
    aWorker({ hostname: 'a', status: 'busy', current_tasks: [aTask('t')] }),
    aWorker({ hostname: 'b', intent: 'paused' }),
    aWorker({ hostname: 'c', approved: false }),
  ];
  expect(availability(workers)).toEqual([
    { browser: 'chromium', platform: 'linux', machines: 1, slots: 4, free: 3, away: 2 },
  ]);
});

test('sorting goes by numbers in names, and by name where two are alike', () => {
  const workers = ['w10', 'w9', 'w1'].map((hostname) => aWorker({ hostname, speed: hostname === 'w9' ? 2 : 1 }));
  expect(ordered(workers, sortingOf('name')).map(({ hostname }) => hostname)).toEqual(['w1', 'w9', 'w10']);
  expect(ordered(workers, sortingOf('-speed')).map(({ hostname }) => hostname)).toEqual(['w9', 'w1', 'w10']);
});

test('the line to paste holds what was wished for', () => {
  const link = 'http://host:4800#pfj_x';
  expect(joinLine('posix', link, { slots: null, tags: [] })).toBe(`playfleet worker --join '${link}'`);
  expect(joinLine('service', link, { slots: 3, tags: tagsIn('gpu, lab gpu') })).toBe(
    `playfleet worker install-service --join '${link}' --slots 3 --tags gpu,lab`,
  );
  expect(badTag(['good', "it's"])).toBe("it's");
  expect(badTag(['good'])).toBeNull();
});
