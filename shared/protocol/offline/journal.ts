/**
 * The journal: what a coordinator did on its own, told to another one so that both know it. Everything is an entry, named by the origin that
 * wrote it, its kind and its id; bringing entries together is set union, so they may come twice, in any order, and in pieces
 * (docs/decisions/0026-merging.md). Under /api/v1/origins/{id}:
 * - `PUT`: who the origin is, before anything else.
 * - `POST journal`: a batch of entries; acknowledged once it is durable.
 * - `POST verify`: what the origin has; the answer says whether this side has the same. Only then may the origin's copy be deleted.
 * Bytes of artifacts go through /api/v1/blobs as ever.
 */
import { z } from 'zod';
import { sha256 } from '../work.ts';

export const JOURNAL_VERSION = 1;

/** Bounds of one batch. An entry that is larger than the aim goes alone. */
export const MAX_JOURNAL_ENTRIES = 500;
export const MAX_JOURNAL_BYTES = 24 * 1024 * 1024;
/** How much a sender puts together: one commit of so much holds nobody up. */
export const JOURNAL_BATCH_ENTRIES = 100;
export const JOURNAL_BATCH_BYTES = 256 * 1024;

/** Written once by one origin: united. In an order in which nothing refers to what comes later. */
export const FACT_KINDS = [
  'team',
  'project',
  'worker',
  'cluster',
  'run',
  'dependency',
  'group',
  'task',
  'grant',
  'unit',
  'test',
  'incident',
  'attempt',
  'artifact',
  'acceptance',
  'log',
  'event',
  'audit',
] as const;
/** May be changed on both sides: one version counts, the others are kept and shown. */
export const REGISTER_KINDS = ['setting', 'person', 'policy', 'template'] as const;

export const factKind = z.enum(FACT_KINDS);
export type FactKind = z.infer<typeof factKind>;
export const registerKind = z.enum(REGISTER_KINDS);
export type RegisterKind = z.infer<typeof registerKind>;
export const journalKind = z.enum([...FACT_KINDS, ...REGISTER_KINDS]);
export type JournalKind = z.infer<typeof journalKind>;

const originId = z.string().min(1).max(100);

/** Columns by name. JSON columns are text, as the database has them. */
export const journalRow = z.record(
  z.string().regex(/^[a-z_][a-z0-9_]{0,39}$/),
  z.union([z.string(), z.number(), z.null()]),
);
export type JournalRow = z.infer<typeof journalRow>;

export const journalEntry = z.strictObject({
  kind: journalKind,
  /** Unique for its origin and kind. */
  id: z.string().min(1).max(5000),
  /** Of the same entry, a higher one replaces a lower one. */
  rev: z.int().min(1),
  /** The run that it is a part of: nothing of a run counts before the whole of it is there. */
  run: z.string().min(1).max(100).nullable(),
  /** Of kind run: how many parts there are of it. 0 for the others. */
  parts: z.int().min(0),
  row: journalRow,
  /** SHA-256 of `entryText`. */
  hash: sha256,
});
export type JournalEntry = z.infer<typeof journalEntry>;

/** Row of a register: what it was when the origin began (null: not there), and what it is. `value` is JSON text; null: taken away. */
export const registerRow = z.strictObject({
  /** SHA-256 of the JSON text. */
  base: sha256.nullable(),
  value: z.string().nullable(),
  /** When it was changed, milliseconds since the epoch by the clock of the origin, and by whom. */
  at: z.int(),
  by: z.string(),
});
export type RegisterRow = z.infer<typeof registerRow>;

/** The text whose SHA-256 is the hash of an entry: the same on both sides, whatever order the columns are in. */
export function entryText(origin: string, entry: Omit<JournalEntry, 'hash'>): string {
  const { kind, id, rev, run, parts, row } = entry;
  const columns = Object.keys(row).sort();
  return JSON.stringify([
    JOURNAL_VERSION,
    origin,
    kind,
    id,
    rev,
    run,
    parts,
    columns,
    columns.map((name) => row[name]),
  ]);
}

export const journalBatch = z.strictObject({
  version: z.literal(JOURNAL_VERSION),
  /** Newest migration of the database that wrote it: an older program does not know what the columns mean. */
  schema: z.int().min(1),
  entries: z.array(journalEntry).min(1).max(MAX_JOURNAL_ENTRIES),
});
export type JournalBatch = z.infer<typeof journalBatch>;

/** The batch is durable. */
export const journalAck = z.object({
  /** Entries that were new or newer than what was there. */
  stored: z.int().min(0),
  /** Entries that were there already. */
  known: z.int().min(0),
});
export type JournalAck = z.infer<typeof journalAck>;

export const kindSummary = z.strictObject({
  count: z.int().min(0),
  /** See `addHash`. */
  sum: sha256,
});
export type KindSummary = z.infer<typeof kindSummary>;

/** All that a side has of an origin. Kinds of which there is nothing are left out. `blobs`: bytes that its runs refer to. */
export const journalSummary = z.strictObject({
  version: z.literal(JOURNAL_VERSION),
  kinds: z.partialRecord(journalKind, kindSummary),
  blobs: kindSummary,
});
export type JournalSummary = z.infer<typeof journalSummary>;

export const EMPTY_SUM = '0'.repeat(64);
const MODULUS = 2n ** 256n;

/** The hash of a set whose members come in any order: the sum of their hashes modulo 2^256. */
export function addHash(sum: string, hash: string): string {
  return ((BigInt(`0x${sum}`) + BigInt(`0x${hash}`)) % MODULUS).toString(16).padStart(64, '0');
}

export const verifyAnswer = z.object({
  /** Both sides have the same, and all of it is in place. */
  equal: z.boolean(),
  /** What this side has in place; null while entries wait. */
  summary: journalSummary.nullable(),
  /** Entries that have come and are not in place yet: ask again. */
  waiting: z.int().min(0),
  /** Entries that this side cannot hold: both sides stay different, and the origin's copy is not deleted. */
  refused: z.int().min(0),
  /** Kinds in which the two sides differ. */
  differs: z.array(z.string()),
  /** Blobs that runs of the origin refer to and that are not here; at most 1,000 of them. */
  missing: z.array(sha256),
  /** Versions of the origin that did not prevail, still to be looked at. */
  conflicts: z.int().min(0),
});
export type VerifyAnswer = z.infer<typeof verifyAnswer>;

/** Each database has an origin of its own, from its first start on. */
export const originAnnounce = z.strictObject({
  version: z.literal(JOURNAL_VERSION),
  schema: z.int().min(1),
  name: z.string().trim().min(1).max(200),
  /** Tells its runs from those of others: shared/model/run-label.ts. */
  slot: z.int().min(1),
  /** When it was promoted, milliseconds since the epoch by its own clock. */
  promoted_at: z.int(),
});
export type OriginAnnounce = z.infer<typeof originAnnounce>;

export const originView = z
  .object({
    id: originId,
    name: z.string(),
    /** Stands before the numbers of its runs; '' for this coordinator's own, unless it was promoted. */
    tag: z.string(),
    own: z.boolean(),
    promoted_at: z.string().nullable(),
    /** When the last batch came. */
    last_batch_at: z.string().nullable(),
    /** When both sides last had the same. */
    verified_at: z.string().nullable(),
    /** Entries in place, and waiting for others to come first. */
    entries: z.int(),
    waiting: z.int(),
    runs: z.int(),
    conflicts: z.int(),
  })
  .meta({ id: 'Origin' });
export type OriginView = z.infer<typeof originView>;
