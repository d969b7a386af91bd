/** Reads the audit log. */
import type { AuditEntry, AuditHead } from '../../shared/protocol/rest/audit.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import type { ReadHandle } from '../storage/database.ts';

interface Row {
  seq: number;
  at: number;
  actor: string;
  actor_name: string;
  address: string;
  action: string;
  target: string;
  data: string;
  previous: string;
  hash: string;
}

/** null while nothing was ever written. */
export async function readHead(r: ReadHandle): Promise<AuditHead | null> {
  const row = await r.get<{ seq: number | null; hash: string | null; issued: number | null }>(
    `SELECT last.seq, last.hash, (SELECT seq FROM sqlite_sequence WHERE name = 'audit') AS issued
     FROM (SELECT 1) LEFT JOIN (SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1) AS last`,
  );
  if (!row || row.issued === null) return null;
  return { seq: row.seq ?? 0, hash: row.hash ?? '0'.repeat(64), issued: row.issued };
}

export interface AuditFilter {
  order: 'newest' | 'oldest';
  /** Whose log, by the slot in which it lies here; default: our own. */
  slot?: number | undefined;
  action?: string | undefined;
  actor?: string | undefined;
  /** Milliseconds since the epoch; `until` is not included. */
  since?: number | undefined;
  until?: number | undefined;
}

/** Entries behind the one with the number `after`, in the order asked for. */
export async function listAudit(
  r: ReadHandle,
  { order, slot, action, actor, since, until }: AuditFilter,
  { limit, after }: { limit: number; after: number | null },
): Promise<AuditEntry[]> {
  const newest = order === 'newest';
  let query = logOf(r, slot)
    .orderBy('seq', newest ? 'desc' : 'asc')
    .limit(limit);
  if (after !== null) query = query.where('seq', newest ? '<' : '>', after);
  if (action !== undefined) query = query.where('action', '=', action);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (since !== undefined) query = query.where('at', '>=', since);
  if (until !== undefined) query = query.where('at', '<', until);
  return (await query.execute()).map(toEntry);
}

const COLUMNS = [
  'seq',
  'at',
  'actor',
  'actor_name',
  'address',
  'action',
  'target',
  'data',
  'previous',
  'hash',
] as const;

/** Both have the same columns; those of others keep the chain that they had there. */
function logOf(r: ReadHandle, slot: number | undefined) {
  const own = r.query.selectFrom('audit').select(COLUMNS);
  if (slot === undefined) return own;
  return r.query.selectFrom('merged_audit').select(COLUMNS).where('origin', '=', slot) as unknown as typeof own;
}

/** In which slot the log of an origin lies here; undefined where none is known by this id. */
export async function slotOfOrigin(r: ReadHandle, id: string): Promise<number | undefined> {
  const row = await r.get<{ slot: number }>('SELECT slot FROM origins WHERE id = ? AND own = 0', [id]);
  return row?.slot;
}

function toEntry(row: Row): AuditEntry {
  return { ...row, at: isoTime(row.at), data: JSON.parse(row.data) as AuditEntry['data'] };
}
