import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { StorageFullError, type Database } from '../../../coordinator/storage/database.ts';
import { freshDatabase, temporaryFolder } from './fresh.ts';
import { testMigrations } from './test-migrations.ts';

const large = new Uint8Array(50_000);
const add = (database: Database, name: string): Promise<unknown> =>
  database.write((w) => w.run('INSERT INTO items (name, value) VALUES (?, ?)', [name, large]));
const names = async (database: Database): Promise<string[]> =>
  (await database.read((r) => r.all<{ name: string }>('SELECT name FROM items ORDER BY id'))).map(({ name }) => name);
const integrity = (database: Database): Promise<unknown> =>
  database.read((r) => r.all('SELECT integrity_check FROM pragma_integrity_check'));

/** Mounts a file system of 4 MB; undefined where that is not allowed. */
function smallDisk(): string | undefined {
  const folder = path.join(temporaryFolder(), 'disk');
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  // Lazily: the handles of a closed database are freed when its statements are collected.
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  return folder;
}

/** Takes what is left of the disk, but for `spare` bytes. */
function fillUp(folder: string, spare: number): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(path.join(folder, 'filler'), new Uint8Array(Math.max(0, bavail * bsize - spare)));
}

test('a full disk refuses commands in plain words, reads go on, and writing does when there is space again', async (t) => {
  const folder = smallDisk();
  if (!folder) return t.skip('mounting a small file system is not allowed here');
  const file = path.join(folder, 'playfleet.db');
  const database = await freshDatabase({ file });
  fillUp(folder, 1_000_000);
  const acknowledged: string[] = [];
  const refusals: unknown[] = [];
  for (let i = 0; refusals.length < 5 && i < 200; i += 1) {
    await add(database, `item ${i}`).then(
      () => acknowledged.push(`item ${i}`),
      (error: unknown) => refusals.push(error),
    );
  }
  console.log(`full disk: ${acknowledged.length} acknowledged, then ${refusals.length} refused`);
  expect(acknowledged.length).toBeGreaterThan(3);
  expect(refusals).toHaveLength(5);
  for (const refusal of refusals) {
    expect(refusal).toBeInstanceOf(StorageFullError);
    expect(refusal).toHaveProperty('message', expect.stringContaining('The disk is full: nothing was stored.'));
  }
  expect(await names(database)).toEqual(acknowledged);

  rmSync(path.join(folder, 'filler'));
  await add(database, 'after');
  expect(await names(database)).toEqual([...acknowledged, 'after']);
  expect(await integrity(database)).toEqual([{ integrity_check: 'ok' }]);
  await database.close();
  expect(await names(await freshDatabase({ file }))).toEqual([...acknowledged, 'after']);
});

test('a group that does not fit is refused as a whole, with no hooks and no events', async (t) => {
  const folder = smallDisk();
  if (!folder) return t.skip('mounting a small file system is not allowed here');
  const database = await freshDatabase({ file: path.join(folder, 'playfleet.db') });
  await database.write((w) => w.event({ type: 'before' }));
  const told: number[] = [];
  database.onCommitted((events) => told.push(...events.map(({ seq }) => seq)));
  let hooks = 0;
  fillUp(folder, 500_000);
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, (_, i) =>
      database.write(async (w) => {
        w.afterCommit(() => (hooks += 1));
        await w.event({ type: 'small' });
        // The error is swallowed here: the group must not be taken for stored.
        if (i > 0) await w.run('INSERT INTO items (value) VALUES (?)', [large]).catch(() => undefined);
      }),
    ),
  );
  const reasons = results.map((result) => (result.status === 'rejected' ? (result.reason as Error).name : 'stored'));
  expect(new Set(reasons)).toEqual(new Set(['StorageFullError']));
  expect([hooks, told]).toEqual([0, []]);
  expect(await database.read((r) => r.all('SELECT type FROM events'))).toEqual([{ type: 'before' }]);
  rmSync(path.join(folder, 'filler'));
  await database.write((w) => w.event({ type: 'after' }));
  expect(told).toEqual([2]);
});

test('a start on a full disk says so, and succeeds once there is space', async (t) => {
  const folder = smallDisk();
  if (!folder) return t.skip('mounting a small file system is not allowed here');
  const file = path.join(folder, 'playfleet.db');
  fillUp(folder, 30_000);
  const slow = `CREATE TABLE big (text TEXT) STRICT; INSERT INTO big VALUES (printf('%0100000d', 1));`;
  const migrations = [...testMigrations, { version: 2, name: 'big', sql: slow }];
  await expect(freshDatabase({ file, migrations })).rejects.toThrow(StorageFullError);
  rmSync(path.join(folder, 'filler'));
  const database = await freshDatabase({ file, migrations });
  expect(await database.read((r) => r.get('SELECT length(text) AS size FROM big'))).toEqual({ size: 100_000 });
});
