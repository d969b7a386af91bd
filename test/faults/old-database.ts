/** Databases as an earlier version of Playfleet left them. */
import type { Clock } from '../../shared/base/clock.ts';
import { openDatabase } from '../../coordinator/storage/open.ts';
import { readMigrations } from '../support/migrations.ts';

/** Makes an empty database of that version; returns how many migrations it lacks today. */
export async function oldDatabase(file: string, version: number, clock: Clock): Promise<number> {
  const all = readMigrations();
  const report = (error: unknown): void => {
    throw error;
  };
  const db = await openDatabase({ file, migrations: all.slice(0, version), clock, report });
  await db.close();
  return all.length - version;
}
