/** Locks between processes: SQLite's own on an empty file. The operating system drops it with the process, however that ends, so there are no stale locks. */
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/**
 * Creates `file` where it is missing. null where somebody else still holds it after `waitMs`; this thread stands still until then. Throws where
 * the file cannot be used.
 */
export function lockFile(file: string, waitMs: number): { close(): void } | null {
  const lock = new DatabaseSync(file);
  try {
    lock.exec(`PRAGMA busy_timeout = ${waitMs}; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE`);
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
}
