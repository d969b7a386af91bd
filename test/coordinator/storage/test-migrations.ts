/** The two tables that storage itself needs, and one to write into. */
import type { Migration } from '../../../coordinator/storage/migrate.ts';

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
