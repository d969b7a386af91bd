/** On a promoted coordinator: what of the journal is still to be brought home, batch by batch. */
import {
  JOURNAL_BATCH_BYTES,
  JOURNAL_BATCH_ENTRIES,
  type FactKind,
  type JournalEntry,
  type JournalRow,
} from '../../shared/protocol/offline/journal.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { FACTS } from './kinds.ts';
import { isRegister, noteEntries } from './note.ts';
import { ownOrigin } from './origins.ts';
import { readRegisterRow } from './register-rows.ts';
import { readFacts } from './rows.ts';
import { hashEntry } from './rules/union.ts';

interface Open {
  kind: string;
  id: string;
  rev: number;
  run_id: string | null;
  parts: number;
  hash: string;
}

export interface JournalFigures {
  total: number;
  acknowledged: number;
}

export async function journalFigures(r: ReadHandle): Promise<JournalFigures> {
  const row = await r.get<JournalFigures>(
    'SELECT count(*) AS total, coalesce(sum(acknowledged >= rev), 0) AS acknowledged FROM journal',
  );
  return row ?? { total: 0, acknowledged: 0 };
}

/**
 * Entries that nobody has acknowledged yet, of runs one after the other; empty where all are. What was changed or removed since it was noted is
 * noted anew first. `underWay`: so many of them, the first ones, are left out.
 */
export async function nextBatch(db: Database, underWay = 0): Promise<JournalEntry[]> {
  for (;;) {
    const { origin, open, rows } = await db.read(async (r) => {
      const open = await r.all<Open>(
        'SELECT kind, id, rev, run_id, parts, hash FROM journal WHERE acknowledged < rev ORDER BY run_id, kind, id LIMIT ? OFFSET ?',
        [JOURNAL_BATCH_ENTRIES, underWay],
      );
      return { origin: (await ownOrigin(r)).id, open, rows: await readRows(r, open) };
    });
    const batch: JournalEntry[] = [];
    const stale: Open[] = [];
    let bytes = 0;
    for (const { kind, id, rev, run_id: run, parts, hash } of open) {
      const row = rows.get(`${kind} ${id}`);
      const entry = { kind: kind as JournalEntry['kind'], id, rev, run, parts, row: row ?? {}, hash };
      if (!row || hashEntry(origin, entry) !== hash) stale.push({ kind, id, rev, run_id: run, parts, hash });
      else {
        bytes += JSON.stringify(entry).length;
        if (batch.length > 0 && bytes > JOURNAL_BATCH_BYTES) break;
        batch.push(entry);
      }
    }
    if (stale.length === 0) return batch;
    await db.write(async (w) => {
      for (const { kind, id, run_id: run, parts } of stale) {
        const row = rows.get(`${kind} ${id}`);
        if (row) await noteEntries(w, origin, [{ kind: kind as JournalEntry['kind'], id, run, parts, row }]);
        else await w.run('DELETE FROM journal WHERE kind = ? AND id = ?', [kind, id]);
      }
    });
  }
}

/** Call it when the other side has acknowledged the batch. */
export async function markAcknowledged(db: Database, batch: readonly JournalEntry[]): Promise<void> {
  await db.write(async (w) => {
    for (const { kind, id, rev } of batch) {
      await w.run('UPDATE journal SET acknowledged = max(acknowledged, ?) WHERE kind = ? AND id = ?', [rev, kind, id]);
    }
  });
}

/** The other side lacks some of these, although it acknowledged them (it was restored from a backup): they are brought again. */
export async function bringAgain(db: Database, kinds: readonly string[]): Promise<void> {
  await db.write((w) =>
    w.run('UPDATE journal SET acknowledged = 0 WHERE kind IN (SELECT value FROM json_each(?))', [
      JSON.stringify(kinds),
    ]),
  );
}

/** By kind and id, as they are now. */
export async function readRows(
  r: ReadHandle,
  names: readonly { kind: string; id: string }[],
): Promise<Map<string, JournalRow>> {
  const rows = new Map<string, JournalRow>();
  const byKind = new Map<string, string[]>();
  for (const { kind, id } of names) byKind.set(kind, [...(byKind.get(kind) ?? []), id]);
  for (const [kind, ids] of byKind) {
    if (kind in FACTS)
      for (const { id, row } of await readFacts(r, kind as FactKind, ids, null)) rows.set(`${kind} ${id}`, row);
    else if (isRegister(kind)) {
      for (const id of ids) rows.set(`${kind} ${id}`, await readRegisterRow(r, kind, id));
    }
  }
  return rows;
}
