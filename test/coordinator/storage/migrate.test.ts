import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { NewerDatabaseError } from '../../../coordinator/storage/database.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { freshDatabase, stillClock, temporaryFolder } from './fresh.ts';
import { testMigrations } from './test-migrations.ts';

const second = { version: 2, name: 'second', sql: 'CREATE TABLE second (id INTEGER PRIMARY KEY) STRICT;' };
const third = {
  version: 3,
  name: 'third',
  sql: 'INSERT INTO second (id) VALUES (1);\nINSERT INTO second (id) VALUES (2);',
};
const newFile = (): string => path.join(temporaryFolder(), 'data', 'playfleet.db');

test('missing migrations are applied in order and noted with their time', async () => {
  const file = newFile();
  const clock = stillClock(100);
  await (await freshDatabase({ file, clock })).close();
  clock.time = 200;
  const all = [...testMigrations, second, third];
  const database = await freshDatabase({ file, clock, migrations: all });
  expect(await database.read((r) => r.all('SELECT version, name, applied_at FROM schema_migrations'))).toEqual([
    { version: 1, name: 'test', applied_at: 100 },
    { version: 2, name: 'second', applied_at: 200 },
    { version: 3, name: 'third', applied_at: 200 },
  ]);
  expect(await database.read((r) => r.all('SELECT id FROM second'))).toEqual([{ id: 1 }, { id: 2 }]);
  await database.close();
  clock.time = 300;
  const again = await freshDatabase({ file, clock, migrations: all });
  expect(await again.read((r) => r.get('SELECT max(applied_at) AS at FROM schema_migrations'))).toEqual({ at: 200 });
});

test('a newer database is refused with the mend, and left as it is', async () => {
  const file = newFile();
  await (await freshDatabase({ file, migrations: [...testMigrations, second] })).close();
  const attempt = freshDatabase({ file });
  await expect(attempt).rejects.toThrow(NewerDatabaseError);
  await expect(attempt).rejects.toThrow(
    'The database has version 2, but this Playfleet knows only up to 1. Update Playfleet, or restore a backup taken before the update.',
  );
  await freshDatabase({ file, migrations: [...testMigrations, second] });
});

test('a migration that was changed after it was applied is refused; line ends of Windows are no change', async () => {
  const file = newFile();
  await (await freshDatabase({ file, migrations: [...testMigrations, second, third] })).close();
  const windows = { ...third, sql: third.sql.replaceAll('\n', '\r\n') };
  await (await freshDatabase({ file, migrations: [...testMigrations, second, windows] })).close();
  const changed = { ...second, sql: `${second.sql} -- a change` };
  const attempt = freshDatabase({ file, migrations: [...testMigrations, changed, third] });
  await expect(attempt).rejects.toThrow('Migration 2 (second) was changed');
});

test('a migration that fails changes nothing, names itself, and those before it stay', async () => {
  const file = newFile();
  const wrong = {
    version: 3,
    name: 'wrong',
    sql: 'INSERT INTO second (id) VALUES (7); INSERT INTO nowhere VALUES (1);',
  };
  const attempt = freshDatabase({ file, migrations: [...testMigrations, second, wrong] });
  await expect(attempt).rejects.toThrow('Migration 3 (wrong) failed: no such table: nowhere');
  const database = await freshDatabase({ file, migrations: [...testMigrations, second] });
  expect(await database.read((r) => r.all('SELECT * FROM second'))).toEqual([]);
});

test('a migration that ends its transaction, and numbers with a gap, are refused', async () => {
  const ends = { version: 2, name: 'ends', sql: 'COMMIT; CREATE TABLE half (id INTEGER)' };
  await expect(freshDatabase({ migrations: [...testMigrations, ends] })).rejects.toThrow(
    'must not end the transaction',
  );
  await expect(freshDatabase({ migrations: [...testMigrations, third] })).rejects.toThrow(
    'Migration third has number 3, expected 2.',
  );
});

test('the core migrations make a database that keeps its epoch', async () => {
  const file = newFile();
  const database = await freshDatabase({ file, migrations });
  const { epoch } = database;
  expect(epoch).toMatch(/^[0-9a-f-]{36}$/);
  await database.write((w) => w.event({ type: 'run.created', runId: 'r', data: {} }));
  await database.close();
  const again = await freshDatabase({ file, migrations });
  expect(again.epoch).toBe(epoch);
  expect((await freshDatabase({ migrations })).epoch).not.toBe(epoch);
});

test('the data folder and its files are for the owner only', async () => {
  const file = newFile();
  const before = process.umask(0);
  try {
    const database = await freshDatabase({ file });
    await database.write((w) => w.event({ type: 'something' }));
    const modes = ['', '-wal', '-shm', '.lock'].map((suffix) => statSync(file + suffix).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600, 0o600]);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  } finally {
    process.umask(before);
  }
});

test('a folder that cannot be used is an error that names it', async () => {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'taken'), '');
  await expect(freshDatabase({ file: path.join(folder, 'taken', 'playfleet.db') })).rejects.toThrow(/EEXIST|ENOTDIR/);
  mkdirSync(path.join(folder, 'playfleet.db'));
  await expect(freshDatabase({ file: path.join(folder, 'playfleet.db') })).rejects.toThrow(folder);
});
