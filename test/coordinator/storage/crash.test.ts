import { statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { StorageLockedError, type Database } from '../../../coordinator/storage/database.ts';
import { freshDatabase, temporaryFolder } from './fresh.ts';
import { spawnChild } from './spawn-child.ts';
import { testMigrations } from './test-migrations.ts';

const integrity = (database: Database): Promise<unknown> =>
  database.read((r) => r.all('SELECT integrity_check FROM pragma_integrity_check'));
const ok = [{ integrity_check: 'ok' }];

test('a second process is refused, told what to do, and let in at once when the first is killed', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'playfleet.db');
  const first = spawnChild('open', file);
  await first.until(() => first.lines.includes('open'));

  const second = spawnChild('open', file);
  await second.ended;
  expect(second.process.exitCode).toBe(1);
  expect(second.lines).toEqual([
    `StorageLockedError: Another coordinator is using the data folder ${folder}. Stop it, or start this one with another data folder.`,
  ]);
  await expect(freshDatabase({ file })).rejects.toThrow(StorageLockedError);

  await first.kill();
  const third = spawnChild('open', file);
  await third.until(() => third.lines.includes('open'));
});

test('the same process cannot open a database twice either, and its attempt does not loosen the lock', async () => {
  const file = path.join(temporaryFolder(), 'playfleet.db');
  const database = await freshDatabase({ file });
  await expect(freshDatabase({ file })).rejects.toThrow(StorageLockedError);
  const other = spawnChild('open', file);
  await other.ended;
  expect(other.lines[0]).toContain('StorageLockedError');
  await database.close();
  const next = spawnChild('open', file);
  await next.until(() => next.lines.includes('open'));
});

test('while another program holds the file commands are refused and reads go on; then all acknowledged is stored', async () => {
  const file = path.join(temporaryFolder(), 'playfleet.db');
  const database = await freshDatabase({ file });
  const add = (name: string): Promise<unknown> =>
    database.write((w) => w.run('INSERT INTO items (name) VALUES (?)', [name]));
  await add('before');
  const intruder = spawnChild('intrude', file);
  await intruder.until(() => intruder.lines.includes('intruding'));
  const refused = await Promise.allSettled([add('a'), add('b')]);
  for (const result of refused) expect(result).toHaveProperty('reason', expect.any(StorageLockedError));
  expect(await database.read((r) => r.all('SELECT name FROM items'))).toEqual([{ name: 'before' }]);
  await intruder.kill();
  await Promise.all([add('c'), add('d')]);
  await database.close();
  const again = await freshDatabase({ file });
  const rows = await again.read((r) => r.all<{ name: string }>('SELECT name FROM items ORDER BY id'));
  expect(rows.map(({ name }) => name)).toEqual(['before', 'c', 'd']);
});

test('a writing process killed twenty times has lost nothing it acknowledged', { timeout: 240_000 }, async () => {
  const file = path.join(temporaryFolder(), 'playfleet.db');
  const acknowledged = new Set<string>();
  let unanswered = 0;
  for (let round = 0; round < 20; round += 1) {
    const child = spawnChild('write', file);
    const stored = (): string[] => child.lines.filter((line) => line.startsWith('stored '));
    await child.until(() => stored().length >= 20 + round * 7);
    await child.kill();
    for (const line of stored()) acknowledged.add(line.slice('stored '.length));
    expect(child.lines.filter((line) => line.startsWith('refused'))).toEqual([]);

    const database = await freshDatabase({ file });
    const rows = await database.read((r) => r.all<{ name: string }>('SELECT name FROM items ORDER BY id'));
    const events = await database.read((r) =>
      r.all<{ name: string }>("SELECT data ->> 'name' AS name FROM events ORDER BY seq"),
    );
    const names = new Set(rows.map(({ name }) => name));
    expect([...acknowledged].filter((name) => !names.has(name))).toEqual([]);
    expect(events.map(({ name }) => name)).toEqual(rows.map(({ name }) => name));
    expect(await integrity(database)).toEqual(ok);
    unanswered = names.size - acknowledged.size;
    await database.close();
  }
  console.log(`20 kills: ${acknowledged.size} acknowledged, all stored; ${unanswered} more stored without an answer`);
  expect(acknowledged.size).toBeGreaterThan(1000);
});

test('a process killed in the middle of a migration leaves the state before it, and the next start repeats it', async () => {
  const file = path.join(temporaryFolder(), 'playfleet.db');
  const child = spawnChild('migrate', file);
  await child.until(() => child.lines.includes('filling'));
  // The log on the disk has grown: part of the migration is written.
  while (statSync(`${file}-wal`).size < 20_000_000) await new Promise((resolve) => setImmediate(resolve));
  await child.kill();
  expect(child.lines).not.toContain('open');

  const before = await freshDatabase({ file });
  expect(await before.read((r) => r.all('SELECT version FROM schema_migrations'))).toEqual([{ version: 1 }]);
  expect(await before.read((r) => r.all("SELECT name FROM sqlite_schema WHERE name = 'filled'"))).toEqual([]);
  await before.close();

  const quick = { version: 2, name: 'slow', sql: 'CREATE TABLE filled (n INTEGER PRIMARY KEY, text TEXT) STRICT' };
  const after = await freshDatabase({ file, migrations: [...testMigrations, quick] });
  expect(await after.read((r) => r.all('SELECT version FROM schema_migrations'))).toEqual([
    { version: 1 },
    { version: 2 },
  ]);
  expect(await integrity(after)).toEqual(ok);
});
