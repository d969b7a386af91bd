/**
 * How what two sides know becomes what both know: set union over (origin, kind, id). Only its origin writes an entry, and numbers its
 * revisions; of two the higher one stays. So the order, repetitions and interruptions of bringing entries make no difference (invariant I7).
 */
import { createHash } from 'node:crypto';
import {
  addHash,
  EMPTY_SUM,
  entryText,
  type JournalEntry,
  type JournalKind,
  type KindSummary,
} from '../../../shared/protocol/offline/journal.ts';

export const hashText = (text: string): string => createHash('sha256').update(text).digest('hex');

/** `origin`: its id. */
export const hashEntry = (origin: string, entry: Omit<JournalEntry, 'hash'>): string =>
  hashText(entryText(origin, entry));

export interface Revision {
  rev: number;
  hash: string;
}

/** Whether `entry` replaces what is there. The hash decides between equal revisions, so that both sides decide alike even about forged ones. */
export function replaces(entry: Revision, before: Revision | undefined): boolean {
  if (before === undefined) return true;
  return entry.rev > before.rev || (entry.rev === before.rev && entry.hash > before.hash);
}

/** Entries by origin, kind and id. */
export type Known = ReadonlyMap<string, Brought>;
export interface Brought {
  /** Id of the origin. */
  origin: string;
  entry: JournalEntry;
}

export const NOTHING: Known = new Map();

export const nameOf = ({ origin, entry }: Brought): string => JSON.stringify([origin, entry.kind, entry.id]);

export function add(known: Known, brought: Brought): Known {
  const name = nameOf(brought);
  return replaces(brought.entry, known.get(name)?.entry) ? new Map(known).set(name, brought) : known;
}

export function unite(one: Known, other: Known): Known {
  const all = new Map(one);
  for (const [name, brought] of other) if (replaces(brought.entry, all.get(name)?.entry)) all.set(name, brought);
  return all;
}

export type Kinds = Partial<Record<JournalKind, KindSummary>>;

export function countIn(kinds: Kinds, kind: JournalKind, hash: string): void {
  const before = kinds[kind] ?? { count: 0, sum: EMPTY_SUM };
  kinds[kind] = { count: before.count + 1, sum: addHash(before.sum, hash) };
}

/** What is known of one origin. */
export function summarise(known: Known, origin: string): Kinds {
  const kinds: Kinds = {};
  for (const brought of known.values())
    if (brought.origin === origin) countIn(kinds, brought.entry.kind, brought.entry.hash);
  return kinds;
}

/** Kinds of which the two do not have the same. */
export function differences(one: Kinds, other: Kinds): JournalKind[] {
  const kinds = new Set([...Object.keys(one), ...Object.keys(other)] as JournalKind[]);
  return [...kinds]
    .filter((kind) => one[kind]?.count !== other[kind]?.count || one[kind]?.sum !== other[kind]?.sum)
    .sort();
}
