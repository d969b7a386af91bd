import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SqlValue } from '../../../coordinator/storage/database.ts';
import type { JournalEntry } from '../../../shared/protocol/offline/journal.ts';
import { runLabel } from '../../../shared/model/run-label.ts';
import { Receiver, Side } from '../../support/merging.ts';

let central: Side;
let receiver: Receiver;
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  central = await Side.central();
  receiver = new Receiver(central);
  opened.push(receiver);
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function promote(name = 'laptop', random = 0.1, before?: (side: Side) => Promise<void>): Promise<Side> {
  const side = await Side.promoted(central, name, random, before);
  opened.push(side);
  return side;
}

const rows = <T>(side: Side, sql: string, params: (string | number)[] = []) =>
  side.db.read((r) => r.all<T>(sql, params));
const count = async (side: Side, table: string) =>
  (await rows<{ n: number }>(side, `SELECT count(*) AS n FROM ${table}`))[0]!.n;

async function bring(from: Side, batches?: JournalEntry[][]): Promise<void> {
  await receiver.announce(from);
  for (const batch of batches ?? (await from.batches())) await receiver.take(from, batch);
  await receiver.settled();
}

test('runs of both sides are in the central database afterwards, each with its number, and both sides have the same', async () => {
  await central.run(3);
  const laptop = await promote();
  const runId = await laptop.run(7, 2);
  await central.run(2);
  await bring(laptop);
  const answer = await receiver.verify(laptop);
  expect(answer).toMatchObject({ equal: true, waiting: 0, refused: 0, differs: [] });
  expect(answer.summary?.kinds.run?.count).toBe(1);
  expect(answer.summary?.kinds.test?.count).toBe(7);
  const numbers = await rows<{ id: string; number: number; unexpected: number }>(
    central,
    'SELECT id, number, unexpected FROM runs ORDER BY created_at, number',
  );
  expect(numbers.map(({ number }) => runLabel(number)).sort()).toEqual([
    '1',
    '2',
    expect.stringMatching(/^[A-Z][0-9A-Z]{3}-1$/),
  ]);
  expect(numbers.find(({ id }) => id === runId)).toMatchObject({ unexpected: 2 });
});

test('the same again, in another order and in pieces, changes nothing and counts nothing twice', async () => {
  const laptop = await promote();
  await laptop.run(5, 1);
  await laptop.run(5, 1);
  const batches = await laptop.batches();
  await bring(laptop, batches);
  const once = await snapshot();
  await bring(
    laptop,
    batches
      .flat()
      .reverse()
      .map((entry) => [entry]),
  );
  await bring(laptop, batches);
  expect(await snapshot()).toEqual(once);
  expect((await rows<{ n: number }>(central, 'SELECT sum(expected + unexpected) AS n FROM test_days'))[0]!.n).toBe(10);
  expect((await rows<{ runs: number }>(central, 'SELECT runs FROM failure_days'))[0]!.runs).toBe(2);
});

async function snapshot() {
  const tables = [
    'runs',
    'tasks',
    'task_attempts',
    'units',
    'tests',
    'test_attempts',
    'events',
    'test_days',
    'worker_days',
    'failure_days',
    'test_history',
  ];
  return Promise.all(tables.map((table) => rows(central, `SELECT * FROM ${table} ORDER BY 1, 2, 3`)));
}

test('a run is not seen before the whole of it has come', async () => {
  const laptop = await promote();
  const runId = await laptop.run(4);
  const entries = (await laptop.batches()).flat();
  await receiver.announce(laptop);
  const last = entries.findIndex(({ kind }) => kind === 'test');
  await receiver.take(
    laptop,
    entries.filter((_, n) => n !== last),
  );
  await receiver.settled();
  expect(await rows(central, 'SELECT id FROM runs')).toEqual([]);
  expect((await receiver.verify(laptop)).waiting).toBeGreaterThan(0);
  await receiver.take(laptop, [entries[last]!]);
  await receiver.settled();
  expect(await rows(central, 'SELECT id FROM runs')).toEqual([{ id: runId }]);
});

test('an event of a merged run is stored once, with its time, and listeners hear of the run as a whole', async () => {
  const laptop = await promote();
  const runId = await laptop.run(2);
  const heard: string[] = [];
  central.db.onCommitted((events) => heard.push(...events.map(({ type }) => type)));
  await bring(laptop);
  await bring(laptop, await laptop.batches());
  expect(heard).toEqual(['run.merged']);
  const there = await rows<{ at: number; type: string }>(
    laptop,
    'SELECT at, type FROM events WHERE run_id = ? ORDER BY seq',
    [runId],
  );
  const here = await rows<{ at: number; type: string }>(
    central,
    "SELECT at, type FROM events WHERE run_id = ? AND type <> 'run.merged' ORDER BY origin_seq",
    [runId],
  );
  expect(here).toEqual(there);
});

test('two promotions at once stay two origins, and their numbers and grants do not meet', async () => {
  await central.run(2);
  const one = await promote('one', 0.2);
  const other = await promote('other', 0.7);
  await one.run(3);
  await other.run(3);
  const [a, b] = [await one.batches(), await other.batches()];
  await receiver.announce(one);
  await receiver.announce(other);
  for (let n = 0; n < Math.max(a.length, b.length); n++) {
    if (a[n]) await receiver.take(one, a[n]!);
    if (b[n]) await receiver.take(other, b[n]!);
  }
  expect((await receiver.verify(one)).equal).toBe(true);
  expect((await receiver.verify(other)).equal).toBe(true);
  expect(await count(central, 'runs')).toBe(3);
  const own = await central.run(1);
  expect(await rows(central, 'SELECT number FROM runs WHERE id = ?', [own])).toEqual([{ number: 2 }]);
});

test('two origins that happened to choose the same slot are told apart', async () => {
  const one = await promote('one', 0.5);
  const other = await promote('other', 0.5);
  await one.run(2);
  await other.run(2);
  await bring(one);
  await bring(other);
  expect((await receiver.verify(one)).equal).toBe(true);
  expect((await receiver.verify(other)).equal).toBe(true);
  expect(
    new Set((await rows<{ number: number }>(central, 'SELECT number FROM runs')).map(({ number }) => number)).size,
  ).toBe(2);
});

test('what comes later of a run that is in place is added to it', async () => {
  const laptop = await promote();
  const runId = await laptop.run(2);
  await bring(laptop);
  await laptop.db.write((w) =>
    w.run(
      `INSERT INTO accepted_screenshots (run_id, comparison, path, sha256, accepted_at, accepted_by) VALUES (?, 'c', 'p', ?, 1, 'ann')`,
      [runId, 'a'.repeat(64)],
    ),
  );
  expect((await receiver.verify(laptop)).equal).toBe(false);
  await bring(laptop);
  expect(await count(central, 'accepted_screenshots')).toBe(1);
  expect((await receiver.verify(laptop)).equal).toBe(true);
  expect((await rows<{ n: number }>(central, 'SELECT sum(expected) AS n FROM test_days'))[0]!.n).toBe(2);
});

test('a setting that only the promoted side changed counts, and one that both changed stays as it is here and is shown', async () => {
  const laptop = await promote();
  await laptop.change({ task_max_retries: 5, poison_test_limit: 7 }, 'bea');
  await central.change({ poison_test_limit: 9 }, 'ann');
  await bring(laptop);
  expect(await central.setting('task_max_retries')).toBe(5);
  expect(await central.setting('poison_test_limit')).toBe(9);
  expect(await rows(central, 'SELECT kind, key, ours, theirs, theirs_by, why, state FROM conflicts')).toEqual([
    {
      kind: 'setting',
      key: 'poison_test_limit',
      ours: '9',
      theirs: '7',
      theirs_by: 'bea',
      why: 'changed on both sides',
      state: 'open',
    },
  ]);
  expect((await receiver.verify(laptop)).equal).toBe(true);
});

test('settings that only make sense together are taken over together', async () => {
  const laptop = await promote();
  await laptop.change({ worker_heartbeat_interval_seconds: 300, worker_heartbeat_timeout_seconds: 600 });
  await bring(laptop);
  expect(await central.setting('worker_heartbeat_interval_seconds')).toBe(300);
  expect(await central.setting('worker_heartbeat_timeout_seconds')).toBe(600);
  expect(await count(central, 'conflicts')).toBe(0);
});

test('a machine that was not brought by an admin changes no setting by itself', async () => {
  const laptop = await promote();
  await laptop.change({ task_max_retries: 5 });
  const batches = await laptop.batches();
  await receiver.announce(laptop, false);
  for (const batch of batches) await receiver.take(laptop, batch);
  await receiver.settled();
  expect(await central.setting('task_max_retries')).toBeNull();
  expect(await rows(central, 'SELECT theirs, why FROM conflicts')).toEqual([
    { theirs: '5', why: 'needs the consent of an admin' },
  ]);
});

test('what is looked for to be put in place is found among what is open, however much is in place already', async () => {
  const laptop = await promote();
  await laptop.run(5, 1);
  const asked = new Set<string>();
  const { db } = central;
  const write = db.write.bind(db);
  // Each statement of a command is written down on its way.
  db.write = (fn, options) =>
    write((w) => {
      const heard = (name: 'all' | 'get') => (sql: string, params?: readonly SqlValue[]) => {
        asked.add(sql);
        return w[name](sql, params);
      };
      return fn(
        new Proxy(w, {
          get(target, name) {
            if (name === 'all' || name === 'get') return heard(name);
            const value: unknown = Reflect.get(target, name, target);
            return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
          },
        }),
      );
    }, options);
  await bring(laptop);
  const looks = [...asked].filter((sql) => /FROM merged\b/.test(sql) && sql.includes("'waiting'"));
  expect(looks.length).toBeGreaterThan(4);
  for (const sql of looks) {
    const plan = await rows<{ detail: string }>(
      central,
      `EXPLAIN QUERY PLAN ${sql}`,
      Array<string>(sql.split('?').length - 1).fill(''),
    );
    for (const { detail } of plan)
      expect(detail, sql).not.toMatch(/^(SCAN merged\b|SEARCH merged USING .*merged_of_run)/);
  }
});
