/** A real database in a folder of its own, closed and removed after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Database } from '../../../coordinator/storage/database.ts';
import type { Migration } from '../../../coordinator/storage/migrate.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import type { Clock } from '../../../shared/base/clock.ts';

/** The two tables that storage itself needs, and one to write into. */
export const testMigrations: readonly Migration[] = [
  {
    version: 1,
    name: 'test',
    sql: `
      CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
      CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, epoch TEXT NOT NULL, at INTEGER NOT NULL, type TEXT NOT NULL,
        run_id TEXT, worker_id TEXT, task_id TEXT, data TEXT NOT NULL CHECK (json_valid(data))) STRICT;
      CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE, value ANY) STRICT;`,
  },
];

/** Wall-clock time that stands still until a test moves it; timers never fire. */
export function stillClock(start = 1_000_000): Clock & { time: number } {
  return {
    time: start,
    now() {
      return this.time;
    },
    monotonic() {
      return this.time;
    },
    after: () => () => undefined,
  };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'playfleet-storage-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Reported {
  error: unknown;
  during: string;
}

export async function freshDatabase(
  options: { file?: string; clock?: Clock; migrations?: readonly Migration[]; reported?: Reported[] } = {},
): Promise<Database> {
  const database = await openDatabase({
    file: options.file ?? path.join(temporaryFolder(), 'playfleet.db'),
    migrations: options.migrations ?? testMigrations,
    clock: options.clock ?? stillClock(),
    report(error, during) {
      if (!options.reported) throw error;
      options.reported.push({ error, during });
    },
  });
  onTestFinished(() => database.close());
  return database;
}
