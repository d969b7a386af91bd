import pino from 'pino';
import { expect, test } from 'vitest';
import { LogWriter } from '../../../coordinator/results/logs.ts';
import { StorageFullError, type Database } from '../../../coordinator/storage/database.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { freshDatabase, stillClock } from '../storage/fresh.ts';

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
  const writer = new LogWriter({ db: db as Database, clock, log, report });
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
