/** Keeps a second coordinator away from a data folder: two processes that write one database with this engine destroy it. */
import path from 'node:path';
import Libsql from 'libsql';
import { StorageLockedError } from './database.ts';

/**
 * Takes the lock of a database file and returns the function that gives it back. The lock is SQLite's own, on an empty file beside the
 * database: the operating system drops it with the process, however that ends, so there are no stale locks.
 */
export function lockFile(file: string): () => void {
  const holder = new Libsql(`${file}.lock`);
  try {
    holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    holder.close();
    if (!(cause instanceof Error && 'code' in cause && String(cause.code).startsWith('SQLITE_BUSY'))) throw cause;
    throw new StorageLockedError(
      `Another coordinator is using the data folder ${path.dirname(file)}. Stop it, or start this one with another data folder.`,
      { cause },
    );
  }
  return () => holder.close();
}
