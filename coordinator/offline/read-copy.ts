/** Reads what goes into a warm copy. One read of the database: all parts are of one moment. */
import {
  COPIED_TABLES,
  HISTORY_PAGE,
  MOST_HISTORY,
  type CopiedRow,
  type CopiedSecret,
  type CopiedTable,
  type HistoryRow,
} from '../../shared/protocol/offline/warm-copy.ts';
import { originOf } from '../runs/rules/origin.ts';
import { storedSource } from '../runs/stored-source.ts';
import type { ReadHandle } from '../storage/database.ts';
import { COPIED_COLUMNS, staysAtHome, type Cursor } from './rules.ts';

/** Opens what is sealed under keys that never leave this machine. */
export interface Opened {
  totp: (sealed: string, personId: string) => string | null;
  secret: (sealed: string, id: string) => string | null;
}

/** Of so many newest runs the sources are looked through, and so many of a project go along. */
const RUNS_LOOKED_AT = 2_000;
const SOURCES_OF_PROJECT = 20;

const WHERE: Partial<Record<CopiedTable, string>> = {
  tokens: `WHERE kind = 'api' AND revoked_at IS NULL`,
  workers: `WHERE revoked_at IS NULL`,
};

export async function readTables(r: ReadHandle, { totp }: Opened): Promise<Record<CopiedTable, CopiedRow[]>> {
  const tables = {} as Record<CopiedTable, CopiedRow[]>;
  for (const table of COPIED_TABLES) tables[table] = await readTable(r, table);
  for (const person of tables.people) {
    const { totp_secret: sealed, id } = person;
    if (typeof sealed === 'string') person.totp_secret = totp(sealed, String(id));
  }
  // Draining and paused are often the machine's own word for this moment; there it says it again. Speed is rounded, or every run would change it.
  for (const worker of tables.workers) {
    if (worker.intent !== 'maintenance') worker.intent = 'active';
    worker.speed = Math.round(Number(worker.speed) * 10) / 10 || 0.1;
  }
  tables.settings = tables.settings.filter(
    ({ key, value }) => !staysAtHome(String(key)) && !String(value).startsWith('{"sealed"'),
  );
  return tables;
}

async function readTable(r: ReadHandle, table: CopiedTable): Promise<CopiedRow[]> {
  if (table === 'known_sources') return readSources(r);
  const columns = COPIED_COLUMNS[table].join(', ');
  return r.all<CopiedRow>(`SELECT ${columns} FROM ${table} ${WHERE[table] ?? ''} ORDER BY 1, 2`);
}

interface SourceRow {
  id: string;
  project_id: string;
  number: number;
  name: string;
  created_at: number;
  metadata: string;
  source: string;
  environment: string | null;
}

/** The newest of each kind. Bundles stay: their bytes are here. */
async function readSources(r: ReadHandle): Promise<CopiedRow[]> {
  const rows = await r.all<SourceRow>(
    `SELECT ${COPIED_COLUMNS.known_sources.join(', ')} FROM
       (SELECT * FROM runs ORDER BY number DESC LIMIT ?) WHERE source IS NOT NULL ORDER BY number DESC`,
    [RUNS_LOOKED_AT],
  );
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  return rows.flatMap(({ ...row }): CopiedRow[] => {
    const source = storedSource(row.source);
    if (source === null || source.type === 'bundle') return [];
    const where = source.type === 'git' ? [source.url, originOf(row.metadata, source).branch] : [source.path];
    const kind = JSON.stringify([row.project_id, row.environment, source.type, ...where]);
    const count = counts.get(row.project_id) ?? 0;
    if (seen.has(kind) || count >= SOURCES_OF_PROJECT) return [];
    seen.add(kind);
    counts.set(row.project_id, count + 1);
    return [row];
  });
}

interface SealedSecret extends Omit<CopiedSecret, 'value'> {
  sealed: string;
}

/** Those that cannot be opened here either are left out. */
export async function readSecrets(r: ReadHandle, { secret }: Opened): Promise<CopiedSecret[]> {
  const rows = await r.all<SealedSecret>('SELECT * FROM secrets ORDER BY id');
  return rows.flatMap(({ sealed, ...row }) => {
    const value = secret(sealed, row.id);
    return value === null ? [] : [{ ...row, value }];
  });
}

const HISTORY = 'project_id, test_id, runs, mean_ms, last_outcome, failure_rate, updated_at';

/**
 * A page of what has changed in the history behind `after` (null: of the newest part of all of it), up to time `until`: rows of the last moment
 * may still get neighbours of the same time.
 */
export async function readHistory(
  r: ReadHandle,
  after: Cursor | null,
  until: number,
): Promise<{ rows: HistoryRow[]; more: boolean }> {
  const from = after ?? (await whereToBegin(r));
  const rows = await r.all<HistoryRow>(
    `SELECT ${HISTORY} FROM test_history WHERE (updated_at, project_id, test_id) > (?, ?, ?) AND updated_at <= ?
     ORDER BY updated_at, project_id, test_id LIMIT ?`,
    [from.updatedAt, from.projectId, from.testId, until, HISTORY_PAGE + 1],
  );
  return { rows: rows.slice(0, HISTORY_PAGE), more: rows.length > HISTORY_PAGE };
}

async function whereToBegin(r: ReadHandle): Promise<Cursor> {
  const oldest = await r.get<{ updated_at: number }>(
    'SELECT updated_at FROM test_history ORDER BY updated_at DESC LIMIT 1 OFFSET ?',
    [MOST_HISTORY],
  );
  return { updatedAt: oldest?.updated_at ?? 0, projectId: '', testId: '' };
}
