/**
 * The warm copy: what a machine keeps of its coordinator so that it can stand in for it. The machine asks with its worker key; pages of one
 * answer are put together by `cursor`. Times are milliseconds since the epoch by the coordinator's clock.
 */
import { z } from 'zod';

export const WARM_COPY_VERSION = 1;
/** Rows of history in one answer, and in a whole copy: the newest ones count. */
export const HISTORY_PAGE = 5_000;
export const MOST_HISTORY = 100_000;

/** What an admin lets a worker hold: nothing, a copy without the values of secrets, or one with them. */
export const copyPermit = z.enum(['no', 'yes', 'secrets']);
export type CopyPermit = z.infer<typeof copyPermit>;

/** A row of the table that it stands under, as the database has it, but for keys of second factors (`people.totp_secret`), which are open. */
export const copiedRow = z.record(
  z.string().regex(/^[a-z_]{1,40}$/),
  z.union([z.string().max(2_000_000), z.number(), z.null()]),
);
export type CopiedRow = z.infer<typeof copiedRow>;

/** In an order in which they can be stored: what is referred to comes first. */
export const COPIED_TABLES = [
  'teams',
  'people',
  'members',
  'projects',
  'tokens',
  'workers',
  'settings',
  'policies',
  'run_templates',
  'project_costs',
  'known_sources',
] as const;
export const copiedTable = z.enum(COPIED_TABLES);
export type CopiedTable = z.infer<typeof copiedTable>;

/** Value and place of a secret, open: it travels encrypted, and is sealed wherever it lies. */
export const copiedSecret = z.strictObject({
  id: z.string(),
  project_id: z.string(),
  environment: z.string(),
  name: z.string(),
  value: z.string(),
  in_discovery: z.union([z.literal(0), z.literal(1)]),
  created_at: z.int(),
  updated_at: z.int(),
  updated_by: z.string(),
});
export type CopiedSecret = z.infer<typeof copiedSecret>;

export const historyRow = z.strictObject({
  project_id: z.string(),
  test_id: z.string(),
  runs: z.int(),
  mean_ms: z.number(),
  last_outcome: z.string(),
  failure_rate: z.number(),
  updated_at: z.int(),
});
export type HistoryRow = z.infer<typeof historyRow>;

/** First 16 hexadecimal digits of the SHA-256 of a part's JSON text. */
export const partHash = z.string().regex(/^[a-f0-9]{16}$/);
export const copiedPart = z.enum([...COPIED_TABLES, 'secrets']);
export type CopiedPart = z.infer<typeof copiedPart>;
export const partHashes = z.partialRecord(copiedPart, partHash);
export type PartHashes = z.infer<typeof partHashes>;

export const copyQuery = z.strictObject({
  /** Of the answer before. Without it the history begins anew. */
  cursor: z.string().min(1).max(300).optional(),
  /** `hashes` of what the machine has, as JSON: parts that are the same are left out of the answer. */
  have: z.string().max(2000).optional(),
  /** Whether the owner of the machine wants the values of secrets on it. */
  secrets: z.enum(['no', 'yes']).default('no'),
});
export type CopyQuery = z.infer<typeof copyQuery>;

export const warmCopyPage = z.strictObject({
  version: z.literal(WARM_COPY_VERSION),
  /** Of the coordinator; see journal.ts. */
  origin: z.string(),
  /** Newest migration of its database: an older program cannot store the rows. */
  schema: z.int().min(1),
  at: z.int(),
  /** Of all parts that make the copy now; one that is not named is not in it any more. */
  hashes: partHashes,
  /** Those that differ from what the machine has. */
  tables: z.partialRecord(copiedTable, z.array(copiedRow)),
  secrets: z.array(copiedSecret).optional(),
  /** Drop the history that you have: this is all of it from the beginning. */
  anew: z.boolean(),
  history: z.array(historyRow).max(HISTORY_PAGE),
  /** For the next question. */
  cursor: z.string(),
  /** Ask again at once: the copy is whole with the page that says false. */
  more: z.boolean(),
});
export type WarmCopyPage = z.infer<typeof warmCopyPage>;

/** A whole copy as a machine keeps it, sealed. */
export const warmCopy = z.strictObject({
  version: z.literal(WARM_COPY_VERSION),
  origin: z.string(),
  schema: z.int().min(1),
  hashes: partHashes,
  tables: z.record(copiedTable, z.array(copiedRow)),
  /** null: not permitted, or not wanted. */
  secrets: z.array(copiedSecret).nullable(),
  history: z.array(historyRow).max(MOST_HISTORY),
  cursor: z.string(),
});
export type WarmCopy = z.infer<typeof warmCopy>;
