/** Pages of a list: the cursor holds the sort key of the last row that was given out, so that rows added meanwhile shift nothing. */
import { badField, type Refusal } from './refusal.ts';

/** The key in a cursor of a list sorted by whole numbers; null without one. 422 for a text that is not a cursor of such a list. */
export function afterNumber(cursor: string | undefined): number | null {
  if (cursor === undefined) return null;
  const key = decode(cursor);
  if (!Number.isSafeInteger(key)) throw badCursor();
  return key as number;
}

/** The same for a list sorted by texts. */
export function afterText(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const key = decode(cursor);
  if (typeof key !== 'string') throw badCursor();
  return key;
}

/** Cuts a page from rows of which one more than `limit` was asked for. */
export function pageBy<R, T>(
  rows: readonly R[],
  limit: number,
  keyOf: (row: R) => number | string,
  itemOf: (row: R) => T,
): { items: T[]; next_cursor: string | null } {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: kept.map(itemOf), next_cursor: more ? encode(keyOf(last)) : null };
}

const encode = (key: number | string): string => Buffer.from(JSON.stringify(key)).toString('base64url');

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function badCursor(): Refusal {
  return badField('cursor', 'is not a next_cursor of this list; leave it out to begin at the first page');
}
