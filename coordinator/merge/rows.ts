/** Reads facts where they lie, as they travel: under the names, fences and numbers that they have at their origin. */
import type { FactKind, JournalRow } from '../../shared/protocol/offline/journal.ts';
import type { ReadHandle, SqlValue } from '../storage/database.ts';
import { FACTS, type FactTable, type PartKind } from './kinds.ts';
import { fenceHere, fenceThere, numberThere, type Slots } from './rules/slots.ts';

export interface Fact {
  id: string;
  row: JournalRow;
}

/** `slots`: of the origin; null: it is this database. */
export type Whose = Slots | null;

/** By their ids; those that are not there are left out. */
export async function readFacts(r: ReadHandle, kind: FactKind, ids: readonly string[], slots: Whose): Promise<Fact[]> {
  if (ids.length === 0) return [];
  const table = FACTS[kind];
  const on = table.key.map((name, n) => `t.${name} IS (i.value ->> ${n})`).join(' AND ');
  const rows = await r.all<JournalRow>(
    `SELECT ${columnsOf(table)} FROM json_each(?) i CROSS JOIN ${table.source(slots?.here ?? null)} t ON ${on}`,
    [JSON.stringify(ids.map((id) => keyHere(table, id, slots)))],
  );
  return rows.map((row) => toFact(kind, row, slots));
}

/** A page of the parts of a run, in a fixed order. */
export async function readParts(
  r: ReadHandle,
  kind: PartKind,
  runId: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<Fact[]> {
  const table = FACTS[kind];
  const order = table.key.map((name) => `t.${name}`).join(', ');
  const rows = await r.all<JournalRow>(
    `SELECT ${columnsOf(table)} FROM ${table.source(null)} t WHERE t.run_id = ? ORDER BY ${order} LIMIT ? OFFSET ?`,
    [runId, limit, offset],
  );
  return rows.map((row) => toFact(kind, row, null));
}

/** A page of this database's own facts of a kind, behind the one with this key. */
export async function readAfter(
  r: ReadHandle,
  kind: FactKind,
  after: readonly SqlValue[] | null,
  { limit, where = 'true' }: { limit: number; where?: string },
): Promise<Fact[]> {
  const table = FACTS[kind];
  const keys = table.key.map((name) => `t.${name}`).join(', ');
  const behind = after === null ? 'true' : `(${keys}) > (${table.key.map(() => '?').join(', ')})`;
  const rows = await r.all<JournalRow>(
    `SELECT ${columnsOf(table)} FROM ${table.source(null)} t WHERE ${behind} AND ${where} ORDER BY ${keys} LIMIT ?`,
    [...(after ?? []), limit],
  );
  return rows.map((row) => toFact(kind, row, null));
}

export const keyOf = (kind: FactKind, row: JournalRow): (string | number | null)[] =>
  FACTS[kind].key.map((name) => row[name] ?? null);

/** The id of a row, from its columns. */
export function idOf(kind: FactKind, row: JournalRow): string {
  const [first = null, ...more] = keyOf(kind, row);
  return more.length === 0 ? String(first) : JSON.stringify([first, ...more]);
}

const columnsOf = (table: FactTable): string => table.columns.map((name) => `t.${name}`).join(', ');

function toFact(kind: FactKind, stored: JournalRow, slots: Whose): Fact {
  const row = { ...stored };
  if (slots !== null) {
    for (const name of FACTS[kind].fences) if (row[name] != null) row[name] = fenceThere(Number(row[name]), slots);
    if (kind === 'run') row.number = numberThere(Number(row.number), slots);
  }
  return { id: idOf(kind, row), row };
}

function keyHere(table: FactTable, id: string, slots: Whose): SqlValue[] {
  const key = table.key.length === 1 ? [isNumeric(table) ? Number(id) : id] : (JSON.parse(id) as SqlValue[]);
  if (slots === null) return key;
  return key.map((value, n) =>
    value !== null && table.fences.includes(table.key[n] ?? '') ? fenceHere(Number(value), slots) : value,
  );
}

/** Keys of one column: fences and numbers in order; all others are text. */
const isNumeric = ({ key: [name] }: FactTable): boolean => name === 'fence' || name === 'seq';
