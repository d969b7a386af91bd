/** Opens a warm copy into a fresh database: from then on it is a coordinator of its own, with what the central one knew. */
import {
  COPIED_TABLES,
  type CopiedRow,
  type CopiedTable,
  type WarmCopy,
} from '../../shared/protocol/offline/warm-copy.ts';
import { sealTotp } from '../people/totp.ts';
import { sealSecret } from '../projects/secrets.ts';
import type { SqlValue, WriteHandle } from '../storage/database.ts';
import { COPIED_COLUMNS } from './rules.ts';

export interface FillKeys {
  /** Of this database; what is sealed in it is sealed under them. */
  totp: Uint8Array;
  secrets: Uint8Array;
}

/** What a copy leaves out and a row must have. */
const ADDED: Partial<Record<CopiedTable, (now: number) => Record<string, SqlValue>>> = {
  workers: (now) => ({ ip_address: '', online: 0, last_seen_at: now }),
};

/**
 * Stores all of the copy; `withSecrets` false leaves the values of secrets out. Throws where the copy names columns that no copy has, or rows that
 * contradict each other: then nothing is stored.
 */
export async function fillFromCopy(
  w: WriteHandle,
  copy: WarmCopy,
  { keys, withSecrets }: { keys: FillKeys; withSecrets: boolean },
  now: number,
): Promise<void> {
  for (const table of COPIED_TABLES) {
    for (const row of copy.tables[table])
      await insert(w, table, { ...opened(table, row, keys), ...ADDED[table]?.(now) });
  }
  for (const row of copy.history) await insertInto(w, 'test_history', { ...row });
  for (const { value, ...row } of withSecrets ? (copy.secrets ?? []) : []) {
    await insertInto(w, 'secrets', { ...row, sealed: sealSecret(value, row.id, keys.secrets) });
  }
}

function opened(table: CopiedTable, row: CopiedRow, { totp }: FillKeys): CopiedRow {
  if (table !== 'people' || typeof row.totp_secret !== 'string') return row;
  return { ...row, totp_secret: sealTotp(row.totp_secret, String(row.id), totp) };
}

async function insert(w: WriteHandle, table: CopiedTable, row: Record<string, SqlValue>): Promise<void> {
  const known = new Set([...COPIED_COLUMNS[table], ...Object.keys(ADDED[table]?.(0) ?? {})]);
  const foreign = Object.keys(row).find((column) => !known.has(column));
  if (foreign !== undefined) throw new Error(`The warm copy has a column ${table}.${foreign}, which no copy has.`);
  await insertInto(w, table, row);
}

/** The first team is there from the beginning, and may have got another name. */
async function insertInto(w: WriteHandle, table: string, row: Record<string, SqlValue>): Promise<void> {
  const columns = Object.keys(row);
  const marks = columns.map(() => '?').join(', ');
  const again = table === 'teams' ? ' ON CONFLICT (id) DO UPDATE SET name = excluded.name' : '';
  await w.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})${again}`, Object.values(row));
}
