import pino from 'pino';
import { expect, test } from 'vitest';
import { LogWriter, readLogs } from '../../../coordinator/results/logs.ts';
import { StorageFullError, type Database } from '../../../coordinator/storage/database.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { freshDatabase, stillClock } from '../storage/fresh.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker } from '../../support/link-worker.ts';

const FULL = 'The disk is full: nothing was stored. Free some space.';

interface Line {
  level: number;
  msg: string;
  err?: unknown;
  lost_chunks?: number;
}

/** A writer on a real database; `refuse` says with which error the database refuses from now on. */
async function start() {
  const clock = stillClock();
  const database = await freshDatabase({ migrations, clock });
  const lines: Line[] = [];
  const reported: unknown[] = [];
  let refusal: Error | null = null;
  const db: Pick<Database, 'write'> = {
    write: (fn) => (refusal ? Promise.reject(refusal) : database.write(fn)),
  };
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
  const report = (error: unknown) => reported.push(error);
  const load = { leavesOut: () => false };
  const writer = new LogWriter({ db: db as Database, clock, load, log, report });
  let seq = 0;
  const print = async () => {
    seq += 1;
    writer.add('worker', { type: 'log', taskId: 'task', attempt: 1, fence: 1, seq, stream: 'stdout', text: 'hello' });
    await writer.flush();
  };
  return { lines, reported, print, refuse: (error: Error | null) => void (refusal = error) };
}

test('a full disk is told of once, and once that logs are written again, with how much was lost', async () => {
  const { lines, reported, print, refuse } = await start();
  await print();
  expect(lines).toEqual([]);
  for (const outage of [3, 2]) {
    refuse(new StorageFullError(FULL));
    for (let i = 0; i < outage; i += 1) await print();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ msg: `${FULL} What tasks print is lost until logs can be written again.` });
    expect(lines[0]).not.toHaveProperty('err');
    refuse(null);
    await print();
    await print();
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({ msg: 'What tasks print is written again.', lost_chunks: outage });
    lines.length = 0;
  }
  expect(reported).toEqual([]);
});

test('any other error is reported each time', async () => {
  const { lines, reported, print, refuse } = await start();
  const mistake = new Error('no such column');
  refuse(mistake);
  await print();
  await print();
  expect(reported).toEqual([mistake, mistake]);
  expect(lines).toEqual([]);
});

test('what comes while the coordinator is behind is left out, and the log says how much, in its place', async () => {
  const clock = stillClock();
  const db = await freshDatabase({ migrations, clock });
  await db.write(async (w) => {
    const at = 1;
    await w.run(`INSERT INTO projects (id, key, name, created_at) VALUES ('p', 'p', 'p', ?)`, [at]);
    await w.run(
      `INSERT INTO runs (id, number, project_id, name, kind, state, config, max_retries, task_timeout_ms, created_by, created_at)
       VALUES ('r', 1, 'p', 'r', 'shards', 'running', '{}', 0, 1, 'me', ?)`,
      [at],
    );
    await w.run(
      `INSERT INTO tasks (id, run_id, seq, kind, shard_index, shard_total, state, max_retries, timeout_ms, created_at)
       VALUES ('t', 'r', 0, 'shard', 1, 1, 'pending', 0, 1, ?)`,
      [at],
    );
    for (const fence of [1, 2])
      await w.run(
        `INSERT INTO task_attempts (fence, task_id, attempt, worker_id, granted_at) VALUES (?, 't', ?, 'worker', ?)`,
        [fence, fence, at],
      );
  });
  const left = { lines: 0 };
  let behind = false;
  const load = { leavesOut: (_: string, count = 1) => (behind ? (left.lines += count) >= 0 : false) };
  const log = pino({ enabled: false });
  const writer = new LogWriter({ db, clock, load, log, report: (error) => expect(error).toBeNull() });
  const say = (fence: number, seq: number, text: string, worker = 'worker') =>
    writer.add(worker, { type: 'log', taskId: 't', attempt: 1, fence, seq, stream: 'stdout', text });
  expect(say(1, 0, 'before\n')).toHaveLength(1);
  behind = true;
  expect(say(1, 1, 'a\nb\n')).toEqual([]);
  expect(say(1, 2, 'c\n')).toEqual([]);
  expect(say(2, 0, 'never more\n')).toEqual([]);
  await writer.flush();
  behind = false;
  expect(say(1, 3, 'after\n').map(({ text }) => text)).toEqual([
    '[… 3 lines left out: the coordinator had more to do than it could …]\n',
    'after\n',
  ]);
  // Nobody's words about a grant that is another's are kept, nor do they cost its log anything.
  say(1, 4, 'foreign\n'.repeat(1_000_000), 'stranger');
  await writer.flush();
  say(1, 5, 'still there\n');
  await writer.close();
  expect(left.lines).toBe(4);
  const rows = await db.read((r) => readLogs(r, 'r', { taskId: null, limit: 100, after: null }));
  expect(rows.map(({ stream, text }) => [stream, text])).toEqual([
    ['stdout', 'before\n'],
    ['agent', '[… 3 lines left out: the coordinator had more to do than it could …]\n'],
    ['stdout', 'after\n'],
    ['agent', '[… 1 lines left out: the coordinator had more to do than it could …]\n'],
    ['stdout', 'still there\n'],
  ]);
});

test('logs are read from their end, and on from a line that is known', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const create = { name: 'nightly', source: { type: 'bundle', tree: 'a'.repeat(64), projectDir: '' } };
  const made = await okJson<{ test_run_id: string }>(
    await coordinator.request('POST', '/api/v1/test-runs/create', create),
  );
  const grant = await worker.grant();
  const texts = ['one\n', 'two\n', 'three\n', 'four\n'];
  for (const [seq, text] of texts.entries())
    worker.say({ type: 'log', ...heldOf(grant), seq: seq + 1, stream: 'stdout', text });
  const read = async (query: string) =>
    okJson<{ items: { id: number; text: string }[]; next_cursor: string | null }>(
      await coordinator.request('GET', `/api/v1/test-runs/${made.test_run_id}/logs?${query}`),
    );
  await expect.poll(async () => (await read('limit=500')).items.length).toBe(4);
  const newest = await read('order=newest&limit=3');
  expect(newest.items.map(({ text }) => text)).toEqual(['four\n', 'three\n', 'two\n']);
  const before = await read(`order=newest&limit=3&cursor=${newest.next_cursor}`);
  expect(before.items.map(({ text }) => text)).toEqual(['one\n']);
  const since = await read(`after=${newest.items[1]!.id}`);
  expect(since.items.map(({ text }) => text)).toEqual(['four\n']);
});
