/** The migrations of this version for programs that run without a bundler. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Migration } from '../../coordinator/storage/migrate.ts';

const folder = fileURLToPath(new URL('../../coordinator/storage/migrations', import.meta.url));

export function readMigrations(): Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name, i) => ({
    version: i + 1,
    name: name.replace(/^\d+-|\.sql$/g, ''),
    sql: readFileSync(path.join(folder, name), 'utf8'),
  }));
}
