/** Opens the database of a data folder: lock, file, migrations, and the id of the database. */
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../shared/base/clock.ts';
import { Connection } from './connection.ts';
import type { Database } from './database.ts';
import { lockFile } from './file-lock.ts';
import { GroupCommit } from './group-commit.ts';
import { migrate, type Migration } from './migrate.ts';

export interface OpenOptions {
  /** Absolute path of the database file; its folder is made if needed. */
  file: string;
  migrations: readonly Migration[];
  clock: Clock;
  /** Is told of errors that have no caller, e.g. thrown by a hook after a commit. */
  report: (error: unknown, during: string) => void;
}

/**
 * Opens the database and brings it up to date. Throws StorageLockedError if another process has it, NewerDatabaseError if it is newer than
 * this program, StorageFullError if the disk refuses.
 */
export async function openDatabase({ file, migrations, clock, report }: OpenOptions): Promise<Database> {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  for (const name of [file, `${file}.lock`]) createPrivate(name);
  const unlock = lockFile(file);
  try {
    const connection = new Connection(file);
    try {
      migrate(connection, migrations, clock.now());
      return new GroupCommit(connection, { epoch: ensureEpoch(connection), clock, report, unlock });
    } catch (error) {
      connection.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Makes an empty file for our eyes only (SQLite gives its log the mode of the database), and leaves an existing one alone: to open and
 * close it here would drop the locks that this process may have on it.
 */
function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** The random id of this database, kept in it: tells numbers of events from before and after a replaced database apart. */
function ensureEpoch(connection: Connection): string {
  connection.writable(true);
  try {
    connection.run("INSERT INTO meta (key, value) VALUES ('epoch', ?) ON CONFLICT DO NOTHING", [randomUUID()]);
  } finally {
    connection.writable(false);
  }
  const [row] = connection.all("SELECT value FROM meta WHERE key = 'epoch'") as { value: string }[];
  if (!row) throw new Error('The database has no epoch.');
  return row.value;
}
