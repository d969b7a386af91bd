import { expect, test } from 'vitest';
import { healthOf, STALE_MS, type HealthFacts, type WorkerFact } from '../../../coordinator/analytics/rules/health.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

const worker = (id: string, over: Partial<WorkerFact> = {}): WorkerFact => ({
  id,
  hostname: id,
  online: true,
  active: true,
  lastSeenAt: NOW,
  breaker: 'closed',
  slots: 4,
  slotsBusy: 0,
  diskFree: 0.5,
  ...over,
});

const facts = (over: Partial<HealthFacts> = {}): HealthFacts => ({
  workers: [worker('a'), worker('b'), worker('c'), worker('d')],
  runs: { active: 0, waiting: 0 },
  stale: [],
  lastHour: { tests: 0, unexpected: 0 },
  load: { level: 'normal', reasons: [] },
  disk: { freeBytes: 2 ** 35, totalBytes: 2 ** 36 },
  now: NOW,
  ...over,
});

const codes = (over: Partial<HealthFacts>) =>
  healthOf(facts(over)).reasons.map(({ code, severity }) => [code, severity]);
const gone = (minutes: number) => worker('d', { online: false, lastSeenAt: NOW - minutes * MINUTE });
const withLast = (last: WorkerFact) => [worker('a'), worker('b'), worker('c'), last];

test('with nothing to mend it is 100', () => {
  expect(healthOf(facts())).toMatchObject({
    score: 100,
    state: 'good',
    reasons: [],
    workers: { total: 4, online: 4, slots: 16 },
  });
});

test.each([
  ['a worker that is away for minutes', { workers: withLast(gone(6)) }, [['workers_offline', 'warning']]],
  ['one that was just lost', { workers: withLast(gone(1)) }, []],
  ['one that was switched off yesterday', { workers: withLast(gone(25 * 60)) }, []],
  ['one in maintenance', { workers: withLast(worker('d', { online: false, active: false })) }, []],
  ['half of them away', { workers: [worker('a'), gone(6)] }, [['workers_offline', 'critical']]],
  ['all of them away', { workers: [gone(6)] }, [['no_workers', 'critical']]],
  ['an open breaker', { workers: withLast(worker('d', { breaker: 'open' })) }, [['breakers_open', 'warning']]],
  ['a breaker that is tried', { workers: withLast(worker('d', { breaker: 'half_open' })) }, []],
  ['a full disk', { workers: withLast(worker('d', { diskFree: 0.05 })) }, [['worker_disk', 'warning']]],
  ['a run that stands', { stale: [{ id: 'r', number: 7, since: NOW - STALE_MS }] }, [['queue_stale', 'warning']]],
  [
    'one that stands for an hour',
    { stale: [{ id: 'r', number: 7, since: NOW - 60 * MINUTE }] },
    [['queue_stale', 'critical']],
  ],
  ['5 % of failures', { lastHour: { tests: 100, unexpected: 5 } }, []],
  ['6 %', { lastHour: { tests: 100, unexpected: 6 } }, [['failure_rate', 'warning']]],
  ['every second one', { lastHour: { tests: 100, unexpected: 50 } }, [['failure_rate', 'critical']]],
  ['few tests that all fail', { lastHour: { tests: 10, unexpected: 10 } }, []],
  ['too much to do', { load: { level: 'overloaded' as const, reasons: ['it is slow'] } }, [['overload', 'critical']]],
  ['little room for data', { disk: { freeBytes: 2 ** 20, totalBytes: 2 ** 36 } }, [['coordinator_disk', 'critical']]],
])('%s', (_, over, expected) => expect(codes(over)).toEqual(expected));

test('reasons come worst first, take their points off, and name whom they are about', () => {
  const health = healthOf(facts({ workers: withLast(gone(6)), load: { level: 'overloaded', reasons: [] } }));
  expect(health.reasons.map(({ code, points, worker_ids }) => [code, points, worker_ids])).toEqual([
    ['overload', 30, []],
    ['workers_offline', 8, ['d']],
  ]);
  expect([health.score, health.state]).toEqual([62, 'degraded']);
  const all = facts({
    workers: [],
    disk: { freeBytes: 0, totalBytes: 1 },
    load: { level: 'overloaded', reasons: [] },
  });
  expect(healthOf(all)).toMatchObject({ score: 0, state: 'bad' });
});
