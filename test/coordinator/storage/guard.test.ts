import { sql, type Kysely } from 'kysely';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ReadHandle, SqlValue, WriteHandle } from '../../../coordinator/storage/database.ts';
import { freshDatabase } from './fresh.ts';

const insert = 'INSERT INTO items (name, value) VALUES (?, ?)';

test.for<[string, unknown, string]>([
  ['true', true, 'is true'],
  ['false', false, 'is false'],
  ['undefined', undefined, 'is undefined'],
  ['a date', new Date(0), 'an object (Date)'],
  ['an object', {}, 'an object (Object)'],
  ['an object without a class', Object.create(null), 'an object (no class)'],
  ['an array', [1], 'an object (Array)'],
  ['NaN', NaN, 'is NaN'],
  ['infinity', -Infinity, 'is -Infinity'],
  ['a whole number too large to come back', 2 ** 53, 'is 9007199254740992'],
  ['a bigint too large to come back', 2n ** 53n, 'is 9007199254740992n'],
  ['a bigint too large to store', 2n ** 64n, 'is 18446744073709551616n'],
  ['a function', () => 1, 'is function'],
  ['a symbol', Symbol('s'), 'is symbol'],
  ['another typed array', new Float32Array(1), 'an object (Float32Array)'],
  ['an ArrayBuffer', new ArrayBuffer(1), 'an object (ArrayBuffer)'],
])('%s is refused as a value, with its index', async ([, value, expected]) => {
  const database = await freshDatabase();
  const attempt = database.write((w) => w.run(insert, ['x', value as SqlValue]));
  await expect(attempt).rejects.toThrow(TypeError);
  await expect(attempt).rejects.toThrow(`SQL parameter 1 `);
  await expect(attempt).rejects.toThrow(expected);
  expect(await database.read((r) => r.all('SELECT * FROM items'))).toEqual([]);
});

test.for<[string, SqlValue, string, unknown]>([
  ['text', "it's ☂ 😀", 'text', "it's ☂ 😀"],
  ['text that would be cut off at a NUL', 'a\0b', 'text', 'a\u2400b'],
  ['null', null, 'null', null],
  ['a whole number, as INTEGER', 7, 'integer', 7],
  ['a negative one', -0x80000001, 'integer', -0x80000001],
  ['the largest one', Number.MAX_SAFE_INTEGER, 'integer', Number.MAX_SAFE_INTEGER],
  ['a fraction', 1.5, 'real', 1.5],
  ['a bigint', 7n, 'integer', 7],
  ['bytes', new Uint8Array([0, 1, 2]).subarray(1), 'blob', new Uint8Array([1, 2])],
  ['a buffer', Buffer.from('a'), 'blob', new Uint8Array([97])],
])('%s is stored and comes back', async ([, value, type, expected]) => {
  const database = await freshDatabase();
  await database.write((w) => w.run(insert, ['x', value]));
  const row = await database.read((r) => r.get('SELECT value, typeof(value) AS type FROM items'));
  expect(row).toEqual({ value: expected, type });
});

test.for<[string, SqlValue[], string]>([
  ['too few values', ['a'], 'has 2 SQL parameters, but 1 were given'],
  ['too many values', ['a', 1, 2], 'has 2 SQL parameters, but 3 were given'],
  ['a hole', ['a', ,] as SqlValue[], 'SQL parameter 1 is undefined'],
  ['a value instead of a list', 'ab' as unknown as SqlValue[], 'must be an array'],
])('%s: refused, instead of silently using those of the call before', async ([, params, expected]) => {
  const database = await freshDatabase();
  await database.write((w) => w.run(insert, ['before', 1]));
  await expect(database.write((w) => w.run(insert, params))).rejects.toThrow(expected);
});

test('a statement gets its own values, whatever was called or failed on it before', async () => {
  const database = await freshDatabase();
  await database.write((w) => w.run("INSERT INTO items (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'three')"));
  const byId = 'SELECT name FROM items WHERE id = ?';
  await database.read(async (r) => {
    expect(await r.all(byId, [1])).toEqual([{ name: 'one' }]);
    expect(await r.get(byId, [2])).toEqual({ name: 'two' });
    expect(await r.all(byId, [3])).toEqual([{ name: 'three' }]);
    expect(await r.get(byId, [4])).toBeUndefined();
  });
  const returning = 'INSERT INTO items (name) VALUES (?) RETURNING name';
  await database.write(async (w) => {
    await expect(w.get(returning, ['one'])).rejects.toThrow('UNIQUE');
    expect(await w.get(returning, ['four'])).toEqual({ name: 'four' });
    await expect(w.all(returning, ['four'])).rejects.toThrow('UNIQUE');
    expect(await w.get(returning, ['five'])).toEqual({ name: 'five' });
  });
});

test('changes that return rows go through get and all, others through run, and the mistake is named', async () => {
  const database = await freshDatabase();
  const returning = "INSERT INTO items (name) VALUES ('a'), ('b') RETURNING id";
  await database.write(async (w) => {
    await expect(w.run(returning)).rejects.toThrow('returns rows, use get() or all()');
    await expect(w.get('DELETE FROM items')).rejects.toThrow('returns no rows, use run()');
    expect(await w.all(returning)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await w.run('DELETE FROM items WHERE id > 0')).toEqual({ changes: 2 });
    expect(await w.run('DELETE FROM items')).toEqual({ changes: 0 });
  });
});

test.for<[string, string]>([
  ['COMMIT', 'Only queries'],
  ['  -- a comment\n savepoint x', 'Only queries'],
  ['PRAGMA synchronous = OFF', 'Only queries'],
  ["ATTACH 'x' AS y", 'Only queries'],
  ['DROP TABLE items', 'Only queries'],
  ['', 'an empty text'],
  ['SELECT 1; DELETE FROM items', 'one SQL statement'],
  ['SELECT ?1', 'Write parameters as ?, not ?1'],
  ['SELECT :name', 'Write parameters as ?, not :name'],
])('the text %j is refused', async ([text, expected]) => {
  const database = await freshDatabase();
  const attempt = database.write((w) => w.all(text));
  await expect(attempt).rejects.toThrow(TypeError);
  await expect(attempt).rejects.toThrow(expected);
});

test('question marks and semicolons in texts, names and comments are not counted', async () => {
  const database = await freshDatabase();
  const row = await database.read((r) =>
    r.get<Record<string, unknown>>(
      `SELECT 'it''s ? ;' AS "a?;", ? AS [b?], /* ? ; */ ? AS \`c?\` -- ? ;
      ; -- the end ?`,
      [1, 2],
    ),
  );
  expect(row).toEqual({ 'a?;': "it's ? ;", 'b?': 1, 'c?': 2 });
});

test.for<[string, (r: ReadHandle) => Promise<unknown>]>([
  ['an insert that returns rows', (r) => r.all("INSERT INTO items (name) VALUES ('x') RETURNING id")],
  ['a delete hidden behind WITH', (r) => r.all('WITH a AS (SELECT 1) DELETE FROM items RETURNING id')],
  ['a raw Kysely query', (r) => sql`UPDATE items SET name = 'x'`.execute(r.query)],
  [
    'Kysely with the types talked out of the way',
    (r) => (r.query as unknown as Kysely<{ items: { name: string } }>).deleteFrom('items').execute(),
  ],
])('a read refuses to write: %s', async ([, attempt]) => {
  const database = await freshDatabase();
  await database.write((w) => w.run("INSERT INTO items (name) VALUES ('kept')"));
  await expect(database.read(attempt)).rejects.toThrow('A read may not change anything');
  expect(await database.read((r) => r.all('SELECT name FROM items'))).toEqual([{ name: 'kept' }]);
});

test('a read handle cannot be passed where a write handle is needed', async () => {
  const database = await freshDatabase();
  const clear = (w: WriteHandle): Promise<unknown> => w.run('DELETE FROM items');
  const count = (r: ReadHandle): Promise<unknown> => r.get('SELECT count(*) AS n FROM items');
  // @ts-expect-error The compiler refuses it; so does the handle.
  await expect(database.read((r) => clear(r))).rejects.toThrow(TypeError);
  // @ts-expect-error Kysely of a read handle does not offer changes (it has them, and they fail: see above).
  expect(await database.read(async (r) => typeof r.query.deleteFrom)).toBe('function');
  expect(await database.write((w) => count(w))).toEqual({ n: 0 });
});

test('prepared statements are kept for use again, and not without bound', async () => {
  const database = await freshDatabase();
  const before = database.stats().statements;
  await database.read(async (r) => {
    for (let i = 0; i < 3; i += 1) await r.get('SELECT 1');
  });
  expect(database.stats().statements).toBe(before + 1);
  for (let i = 0; i < 1200; i += 1) {
    if (i % 100 === 0) await setImmediate();
    expect(await database.read((r) => r.get(`SELECT ${i} AS n`))).toEqual({ n: i });
  }
  expect(database.stats().statements).toBe(500);
  expect(await database.read((r) => r.get('SELECT 1'))).toEqual({ 1: 1 });
});

test('Kysely reads and writes in the same transaction as the handle', async () => {
  const database = await freshDatabase();
  const undone = database.write(async (w) => {
    await w.query.insertInto('meta').values({ key: 'k', value: 'v' }).execute();
    expect(await w.get("SELECT value FROM meta WHERE key = 'k'")).toEqual({ value: 'v' });
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  expect(await database.read((r) => r.query.selectFrom('meta').select('key').execute())).toEqual([{ key: 'epoch' }]);
  await database.write(async (w) => {
    const { insertId } = await w.query
      .insertInto('events')
      .values({ epoch: 'e', at: 1, type: 't', data: '{}' })
      .executeTakeFirstOrThrow();
    expect(insertId).toBe(1n);
    const changed = await w.query.updateTable('events').set({ at: 2 }).where('seq', '=', 1).executeTakeFirstOrThrow();
    expect(changed.numUpdatedRows).toBe(1n);
    const gone = w.query.deleteFrom('events').where('seq', '=', 1).returning('at');
    expect(await gone.execute()).toEqual([{ at: 2 }]);
    const wrong = sql`UPDATE meta SET value = ${true}`.execute(w.query);
    await expect(wrong).rejects.toThrow('SQL parameter 0 is true');
    await expect(w.query.transaction().execute(async () => 1)).rejects.toThrow('one transaction already');
    await expect(async () => {
      for await (const row of w.query.selectFrom('meta').selectAll().stream()) void row;
    }).rejects.toThrow('Streaming');
  });
});
