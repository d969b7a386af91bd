/**
 * Reads many rows without keeping anybody waiting: each part is a read of its own, and the event loop turns between them, so that leases and
 * results go on meanwhile. Rows that are written while it reads may be seen or not.
 */
import { setImmediate } from 'node:timers/promises';
import type { Database, ReadHandle } from './database.ts';

/** A part of so many small rows takes a few milliseconds. */
const PART = 2_000;

/** `read` gives at most `limit` rows behind the row `after` (null: from the beginning), in a fixed order. */
export async function inParts<R>(
  db: Database,
  read: (r: ReadHandle, after: R | null, limit: number) => Promise<R[]>,
  use: (row: R) => void,
): Promise<void> {
  let after: R | null = null;
  for (;;) {
    const last: R | null = after;
    const rows: R[] = await db.read((r) => read(r, last, PART));
    for (const row of rows) use(row);
    if (rows.length < PART) return;
    after = rows.at(-1) ?? null;
    await setImmediate();
  }
}

/** The same for one read per item. */
export async function oneByOne<I, T>(items: readonly I[], read: (item: I) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (const item of items) {
    all.push(await read(item));
    await setImmediate();
  }
  return all;
}
