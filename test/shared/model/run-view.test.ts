import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyView, reduceRun, SLOWEST, type RunView } from '../../../shared/model/run-view.ts';
import type { FleetEvent } from '../../../shared/protocol/events.ts';
import { parseEvent } from '../../../shared/protocol/events.ts';
import { eventLog, RUN } from './event-log.ts';

const logs = fc.array(fc.nat(10_000), { maxLength: 120 }).map((choices) => eventLog(choices));
const fold = (events: readonly FleetEvent[], from: RunView = emptyView(RUN)): RunView => events.reduce(reduceRun, from);
const copied = (view: RunView): RunView => JSON.parse(JSON.stringify(view)) as RunView;

test('every generated event is one that the protocol knows', () => {
  fc.assert(fc.property(logs, (log) => log.every((event) => parseEvent(JSON.parse(JSON.stringify(event))) !== null)));
});

test('the same events twice give the same view', () => {
  fc.assert(
    fc.property(logs, (log) => {
      expect(fold(log, fold(log))).toEqual(fold(log));
    }),
  );
});

test('a view that was handed on as JSON is continued from any place at or before its end', () => {
  fc.assert(
    fc.property(logs, fc.nat(), fc.nat(), (log, a, b) => {
      const end = log.length === 0 ? 0 : a % (log.length + 1);
      const from = end === 0 ? 0 : b % (end + 1);
      expect(fold(log.slice(from), copied(fold(log.slice(0, end))))).toEqual(fold(log));
    }),
  );
});

test('each test is counted once, by its last outcome', () => {
  fc.assert(
    fc.property(logs, (log) => {
      const outcomes = new Map<string, string>();
      for (const event of log)
        if (event.type === 'results') for (const one of event.data.settled) outcomes.set(one.test_id, one.outcome);
      const { counts, unexpected, flaky, slowest } = fold(log);
      const tally = (outcome: string): number => [...outcomes.values()].filter((one) => one === outcome).length;
      expect(counts).toEqual({
        expected: tally('expected'),
        unexpected: tally('unexpected'),
        flaky: tally('flaky'),
        skipped: tally('skipped'),
      });
      expect(unexpected.length).toBe(counts.unexpected);
      expect(flaky.map((one) => one.test_id).sort()).toEqual(
        [...outcomes]
          .filter(([, outcome]) => outcome === 'flaky')
          .map(([id]) => id)
          .sort(),
      );
      expect(slowest.length).toBeLessThanOrEqual(SLOWEST);
      expect(new Set(slowest.map((one) => one.test_id)).size).toBe(slowest.length);
    }),
  );
});

test('a task is held from its grant until it ends, by one worker in one attempt', () => {
  fc.assert(
    fc.property(logs, (log) => {
      const held = new Map<string, { worker_id: string; attempt: number }>();
      for (const event of log) {
        if (event.type === 'task.granted')
          held.set(event.task_id, { worker_id: event.worker_id, attempt: event.data.attempt });
        if (event.type === 'task.finished' || event.type === 'task.requeued') held.delete(event.task_id);
        if (event.type === 'run.state' && event.data.to === 'completed') held.clear();
      }
      const view = fold(log);
      expect(Object.keys(view.held).sort()).toEqual([...held.keys()].sort());
      for (const [id, task] of Object.entries(view.held)) expect(task).toMatchObject(held.get(id)!);
    }),
  );
});

test('a view that was given is never changed', () => {
  fc.assert(
    fc.property(logs, (log) => {
      let view = deepFrozen(emptyView(RUN));
      for (const event of log) view = deepFrozen(reduceRun(view, event));
    }),
  );
});

test('a running test that is settled is not running any more, and its start is kept while it runs', () => {
  const granted = eventLog([0]);
  const running = {
    seq: 5,
    epoch: 'epoch-1',
    run_id: RUN,
    worker_id: 'worker-1',
    task_id: 'task-1',
    type: 'tests.running' as const,
  };
  const list = [{ test_id: 'test-1', title: 'one', retry: 0 }];
  const first = fold([...granted, { ...running, at: 5000, data: { attempt: 1, running: list } }]);
  const later = fold(
    [{ ...running, at: 6000, data: { attempt: 1, running: [...list, { test_id: 'test-2', title: 'two', retry: 0 }] } }],
    first,
  );
  expect(later.held['task-1']?.running.map((one) => [one.test_id, one.since])).toEqual([
    ['test-1', 5000],
    ['test-2', 6000],
  ]);
  const stale = reduceRun(later, { ...running, at: 7000, data: { attempt: 2, running: [] } });
  expect(stale.held['task-1']?.running).toHaveLength(2);
});

test('a live event that is older than the view is passed over', () => {
  const log = eventLog([0, 2, 2]);
  const late: FleetEvent = {
    seq: 4,
    epoch: 'epoch-1',
    at: 1,
    run_id: RUN,
    worker_id: 'worker-1',
    task_id: 'task-1',
    type: 'tests.running',
    data: { attempt: 1, running: [{ test_id: 'x', title: 'x', retry: 0 }] },
  };
  expect(reduceRun(fold(log), late)).toEqual(fold(log));
});

test('an event of another database begins the view anew, one of another run changes nothing', () => {
  const log = eventLog([0, 5]);
  const [created] = log;
  expect(reduceRun(fold(log), { ...created!, run_id: 'other', seq: 99 })).toEqual(fold(log));
  const anew = reduceRun(fold(log), { ...created!, epoch: 'epoch-2', seq: 1 });
  expect(anew).toMatchObject({ epoch: 'epoch-2', seq: 1, tests_total: 0, held: {} });
});

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFrozen(inner);
  }
  return value;
}

test('the tasks of a group that is not run count as finished, as the coordinator counts them', () => {
  const log = eventLog([]);
  const before = fold(log);
  const last = log.at(-1)!;
  const ids = { run_id: RUN, worker_id: null, task_id: null };
  const data = { name: 'shop', state: 'skipped', reason: 'group "smoke" failed', tasks: 2 };
  const event = parseEvent({ ...last, ...ids, seq: last.seq + 1, type: 'run.group', data });
  expect(reduceRun(before, event!).tasks_finished).toBe(before.tasks_finished + 2);
});
