/** A real database in a folder of its own, closed and removed after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Database } from '../../../coordinator/storage/database.ts';
import type { Migration } from '../../../coordinator/storage/migrate.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import { testMigrations } from './test-migrations.ts';

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
