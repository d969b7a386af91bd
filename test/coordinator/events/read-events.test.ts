import { expect, test } from 'vitest';
import {
  deleteEventsBefore,
  eventStatistics,
  readEvents,
  type EventFilter,
} from '../../../coordinator/events/read-events.ts';
import type { Database, NewEvent } from '../../../coordinator/storage/database.ts';
import { freshDatabase, stillClock } from '../storage/fresh.ts';

const log: NewEvent[] = [
  { type: 'run.created', runId: 'a', data: { number: 1 } },
  { type: 'worker.online', workerId: 'w' },
  { type: 'task.granted', runId: 'a', workerId: 'w', taskId: 't' },
  { type: 'run.created', runId: 'b' },
  { type: 'runner', runId: 'b' },
];

/** The log above, one event a second from 1,000 on. */
async function withLog(): Promise<Database> {
  const clock = stillClock(0);
  const database = await freshDatabase({ clock });
  for (const event of log) {
    clock.time += 1000;
    await database.write((w) => w.event(event));
  }
  return database;
}

test.for<[string, EventFilter, number[]]>([
  ['nothing', {}, [1, 2, 3, 4, 5]],
  ['a run', { runId: 'a' }, [1, 3]],
  ['what happened to a worker', { workerId: 'w' }, [2]],
  ['what a worker did in a run', { workerId: 'w', runId: 'a' }, [3]],
  ['a task', { taskId: 't' }, [3]],
  ['the beginning of the type', { typePrefixes: ['run.'] }, [1, 4]],
  ['the beginnings of several types', { typePrefixes: ['worker.', 'task.'] }, [2, 3]],
  ['a type with wildcards of SQL', { typePrefixes: ['r%'] }, []],
  ['a text', { text: 'NUMBER' }, [1]],
  ['a text with wildcards of SQL', { text: 'numb_r' }, []],
  ['the newest first', { newestFirst: true }, [5, 4, 3, 2, 1]],
  ['a position, the newest first', { newestFirst: true, beforeSeq: 3 }, [2, 1]],
  ['a position', { afterSeq: 3 }, [4, 5]],
  ['a time range', { from: 2000, before: 4000 }, [2, 3]],
  ['several things', { runId: 'b', typePrefixes: ['run'], afterSeq: 4 }, [5]],
])('events are filtered by %s', async ([, filter, expected]) => {
  const database = await withLog();
  const events = await database.read((r) => readEvents(r, filter, 100));
  expect(events.map(({ seq }) => seq)).toEqual(expected);
});

test('a page holds at most its limit, and its events are what was told at the time', async () => {
  const clock = stillClock(5);
  const database = await freshDatabase({ clock });
  const told: unknown[] = [];
  database.onCommitted((events) => told.push(...events));
  for (const event of log) await database.write((w) => w.event(event));
  const first = await database.read((r) => readEvents(r, {}, 3));
  const second = await database.read((r) => readEvents(r, { afterSeq: first.at(-1)!.seq }, 3));
  expect([...first, ...second]).toEqual(told);
  expect(first).toHaveLength(3);
});

test('statistics count types and know the first and last time', async () => {
  const database = await withLog();
  expect(await database.read(eventStatistics)).toEqual({
    total: 5,
    oldestAt: 1000,
    newestAt: 5000,
    types: [
      { type: 'run.created', count: 2 },
      { type: 'runner', count: 1 },
      { type: 'task.granted', count: 1 },
      { type: 'worker.online', count: 1 },
    ],
  });
  const empty = await freshDatabase();
  expect(await empty.read(eventStatistics)).toEqual({ total: 0, oldestAt: null, newestAt: null, types: [] });
});

test('clean-up deletes the oldest from before a time, in portions, and numbers are never used again', async () => {
  const database = await withLog();
  const portion = (): Promise<number> => database.write((w) => deleteEventsBefore(w, 4000, 2));
  expect([await portion(), await portion(), await portion()]).toEqual([2, 1, 0]);
  expect((await database.read((r) => readEvents(r, {}, 10))).map(({ seq }) => seq)).toEqual([4, 5]);
  expect(await database.write((w) => deleteEventsBefore(w, 9000, 10))).toBe(2);
  await database.write((w) => w.event({ type: 'next' }));
  expect((await database.read((r) => readEvents(r, {}, 10))).map(({ seq }) => seq)).toEqual([6]);
});
