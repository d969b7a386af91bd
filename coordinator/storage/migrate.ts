/** Brings a database to the shape this version needs, by numbered SQL files that are never changed once released. */
import { createHash } from 'node:crypto';
import type { Connection } from './connection.ts';
import { NewerDatabaseError, StorageFullError, StorageLockedError } from './database.ts';
import { failpoint } from './failpoint.ts';

export interface Migration {
  /** 1, 2, 3, … without gaps. */
  version: number;
  /** e.g. `core`, for people. */
  name: string;
  /** Any statements except transactions; PRAGMA has no effect in them. */
  sql: string;
}

interface Applied {
  version: number;
  name: string;
  checksum: string;
}

/**
 * Applies what is missing, each migration in its own transaction together with the note that it was applied, so that a crash in the middle
 * repeats that one at the next start. Returns the versions applied now. Throws NewerDatabaseError for a database that knows migrations we
 * do not, and an Error if an applied migration has been changed since.
 */
export function migrate(connection: Connection, migrations: readonly Migration[], now: number): number[] {
  migrations.forEach(({ version, name }, index) => {
    if (version !== index + 1) throw new Error(`Migration ${name} has number ${version}, expected ${index + 1}.`);
  });
  connection.writable(true);
  try {
    connection.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL, checksum TEXT NOT NULL) STRICT`);
    const applied = connection.all(
      'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
    ) as Applied[];
    check(applied, migrations);
    const missing = migrations.slice(applied.length);
    for (const migration of missing) apply(connection, migration, now);
    return missing.map(({ version }) => version);
  } finally {
    connection.writable(false);
  }
}

function check(applied: readonly Applied[], migrations: readonly Migration[]): void {
  const newest = applied.at(-1)?.version ?? 0;
  if (newest > migrations.length) {
    throw new NewerDatabaseError(
      `The database has version ${newest}, but this Playfleet knows only up to ${migrations.length}. Update Playfleet, or restore a backup taken before the update.`,
    );
  }
  applied.forEach(({ version, name, checksum }, index) => {
    const known = migrations[index];
    if (known?.version !== version)
      throw new Error(`The database lacks migration ${index + 1}, but has ${version} (${name}).`);
    if (checksum !== checksumOf(known)) {
      throw new Error(
        `Migration ${version} (${name}) was changed after the database was made with it. Put it back, and make the change in a new one.`,
      );
    }
  });
}

function apply(connection: Connection, migration: Migration, now: number): void {
  const { version, name } = migration;
  connection.exec('BEGIN IMMEDIATE');
  try {
    connection.exec(migration.sql);
    if (!connection.inTransaction) throw new Error('It must not end the transaction it runs in.');
    connection.run('INSERT INTO schema_migrations (version, name, applied_at, checksum) VALUES (?, ?, ?, ?)', [
      version,
      name,
      now,
      checksumOf(migration),
    ]);
    failpoint('in-migration');
    connection.exec('COMMIT');
  } catch (cause) {
    if (connection.inTransaction) connection.exec('ROLLBACK');
    if (cause instanceof StorageFullError || cause instanceof StorageLockedError) throw cause;
    throw new Error(
      `Migration ${version} (${name}) failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** Of the text with plain line ends, so that a checkout on Windows has the same. */
function checksumOf({ sql }: Migration): string {
  return createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex');
}
