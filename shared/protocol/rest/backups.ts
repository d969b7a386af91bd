/** REST shapes of backups: what lies in the coordinator's backup folder, and how the last tries went. */
import { z } from 'zod';

/** `playfleet-20261121T030000Z`: when it was begun, in UTC; a second one of the same second ends in `-2`. */
export const BACKUP_NAME = /^playfleet-\d{8}T\d{6}Z(-[1-9]\d?)?$/;
export const backupName = z
  .string()
  .regex(BACKUP_NAME, 'must be the name of a backup, as in playfleet-20261121T030000Z');

/** One file of a backup as it was before it was encrypted. */
export const backupPart = z.object({
  /** `database`, or `keys/…`. */
  name: z.string().regex(/^(database|keys\/(secret\.key|tls\/(key|certificate)\.pem))$/),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type BackupPart = z.infer<typeof backupPart>;

/** Rows of the tables that say what a backup is worth. */
export const backupCounts = z.object({
  runs: z.int().min(0),
  tests: z.int().min(0),
  results: z.int().min(0),
  workers: z.int().min(0),
  people: z.int().min(0),
  events: z.int().min(0),
});
export type BackupCounts = z.infer<typeof backupCounts>;

/** `manifest.json` of a backup. A later format has another number; this program refuses those that it does not know. */
export const backupManifest = z.object({
  format: z.literal(1),
  name: backupName,
  /** The database is as it was at this moment: all that was acknowledged before is in it. ISO 8601, UTC. */
  taken_at: z.iso.datetime(),
  /** Of the Playfleet that took it. */
  version: z.string(),
  /** The newest migration in its database. */
  schema: z.int().min(1),
  /** The random id of its database. */
  epoch: z.string(),
  encrypted: z.boolean(),
  parts: z.array(backupPart).min(1),
  counts: backupCounts,
  /** Files of reports and tests; null: left out. `missing` are those that the database lists and the disk had lost. */
  artifacts: z
    .object({ count: z.int().min(0), bytes: z.int().min(0), missing: z.int().min(0), list_sha256: z.string() })
    .nullable(),
  /** Over all of the above: SHA-256, or where it is encrypted an HMAC that only the passphrase can make. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});
export type BackupManifest = z.infer<typeof backupManifest>;

export const backup = backupManifest
  .pick({ name: true, taken_at: true, version: true, encrypted: true, counts: true })
  .extend({
    /** Of the database, the keys, and all artifacts that it names, also those that other backups name too. */
    bytes: z.int(),
    /** Artifacts in it; null: it was taken without. */
    artifacts: z.int().nullable(),
    has_keys: z.boolean(),
  })
  .meta({ id: 'Backup' });
export type Backup = z.infer<typeof backup>;

export const backupAttempt = z
  .object({
    id: z.string(),
    started_at: z.string(),
    /** null: it is being taken. */
    ended_at: z.string().nullable(),
    trigger: z.enum(['asked', 'scheduled']),
    /** Token or person, or `schedule`. */
    by: z.string(),
    state: z.enum(['running', 'done', 'failed']),
    /** What it made; null while it runs and where it failed. */
    backup: z.string().nullable(),
    /** Why it failed and what to do, or what should be known of one that is done. */
    detail: z.string().nullable(),
    /** Bytes that were written for it: what former backups hold already is not written again. */
    written_bytes: z.int().nullable(),
    /** For how long nothing else was done while the state was fixed, milliseconds. */
    blocked_ms: z.number().nullable(),
  })
  .meta({ id: 'BackupAttempt' });
export type BackupAttempt = z.infer<typeof backupAttempt>;

export const backupsAnswer = z.object({
  /** Newest first. */
  items: z.array(backup),
  /** Where they lie on the coordinator's machine, as the setting `backup_folder` says; null: in `backups` of its data folder. */
  folder: z.string().nullable(),
  schedule: z.enum(['off', 'daily', 'weekly']),
  /** When the next one is due; null: never. */
  next_at: z.string().nullable(),
  /** The newest that was verified; null: there is none. */
  last_good_at: z.string().nullable(),
  /** What keeps backups from being made or seen, as sentences. */
  warnings: z.array(z.string()),
  /** The last tries, newest first. */
  attempts: z.array(backupAttempt),
});
export type BackupsAnswer = z.infer<typeof backupsAnswer>;

export const takeBackupRequest = z.strictObject({
  /** Files of reports and tests go along. Default: as the setting backup_artifacts says. */
  artifacts: z.boolean().optional(),
});

/** What of a backup comes in its file. Whoever has artifacts of former ones already leaves them out, and asks for those that are new to them. */
export const backupDownload = z.strictObject({ artifacts: z.enum(['all', 'none']).default('all') });

/** At most so many artifacts come in one answer. */
export const MOST_ARTIFACTS = 1000;

export const backupArtifactsRequest = z.strictObject({
  /** Names as `artifacts.txt` of the backup has them. */
  artifacts: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'))
    .min(1)
    .max(MOST_ARTIFACTS),
});

export const backupStarted = z.object({ attempt: backupAttempt });
