/** What keeps a batch from being taken, before anything of it is stored. */
import { registerRow, REGISTER_KINDS, type JournalEntry } from '../../../shared/protocol/offline/journal.ts';
import { hashEntry } from './union.ts';
import { isFence, isNumber, type Slots } from './slots.ts';

export interface Columns {
  columns: readonly string[];
  fences: readonly string[];
  key: readonly string[];
  ofRun: boolean;
}

export interface BatchProblem {
  code: 'damaged_entry' | 'unknown_column' | 'foreign_entry' | 'bad_entry';
  index: number;
  message: string;
}

/** The first problem; null where there is none. `origin`: id of the one that brings it. `idOf`: of a row of a fact. */
export function batchProblem(
  entries: readonly JournalEntry[],
  {
    origin,
    slots,
    facts,
    idOf,
  }: { origin: string; slots: Slots; facts: Record<string, Columns>; idOf: (entry: JournalEntry) => string },
): BatchProblem | null {
  for (const [index, entry] of entries.entries()) {
    const problem = entryProblem(entry, { origin, slots, table: facts[entry.kind], idOf });
    if (problem) return { ...problem, index };
  }
  return null;
}

function entryProblem(
  entry: JournalEntry,
  {
    origin,
    slots,
    table,
    idOf,
  }: { origin: string; slots: Slots; table: Columns | undefined; idOf: (entry: JournalEntry) => string },
): Omit<BatchProblem, 'index'> | null {
  const { kind, id, row, run } = entry;
  const what = `${kind} ${id}`;
  if (hashEntry(origin, entry) !== entry.hash)
    return {
      code: 'damaged_entry',
      message: `${what} does not match its hash: it was damaged on the way or where it lay, or is of another origin`,
    };
  if (!table) {
    const fits =
      registerRow.safeParse(row).success && run === null && (REGISTER_KINDS as readonly string[]).includes(kind);
    return fits ? null : { code: 'bad_entry', message: `${what} is no version of a register` };
  }
  const strange = Object.keys(row).find((name) => !table.columns.includes(name));
  if (strange !== undefined)
    return { code: 'unknown_column', message: `${what} has a column ${strange}, which this version does not know` };
  if (idOf(entry) !== id) return { code: 'bad_entry', message: `${what} has columns that are named otherwise` };
  const fence = table.fences.find((name) => row[name] != null && !isFence(row[name]));
  if (fence !== undefined) return { code: 'bad_entry', message: `${what} has no usable ${fence}` };
  if (kind === 'run') {
    if (run !== id) return { code: 'bad_entry', message: `${what} is part of another run` };
    if (!isNumber(row.number, slots))
      return { code: 'foreign_entry', message: `${what} has a number that this origin does not give` };
    if (row.completed_at == null)
      return { code: 'bad_entry', message: `${what} has not ended: only what is over is brought` };
  } else if (entry.parts !== 0) return { code: 'bad_entry', message: `${what} has no parts` };
  if (table.ofRun && kind !== 'event' && run === null)
    return { code: 'bad_entry', message: `${what} must say of which run it is` };
  if ('run_id' in row && table.ofRun && row.run_id !== run)
    return { code: 'bad_entry', message: `${what} is part of another run than it says` };
  return null;
}
