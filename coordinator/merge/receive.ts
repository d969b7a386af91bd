/** Takes a batch of another origin: checked as a whole, then stored as it came. What it means is put in place later (apply.ts). */
import { slotTag } from '../../shared/model/run-label.ts';
import type { FactKind, JournalAck, JournalBatch, JournalEntry } from '../../shared/protocol/offline/journal.ts';
import { badField, Refusal } from '../http/refusal.ts';
import type { Database, ReadHandle, WriteHandle } from '../storage/database.ts';
import { FACTS } from './kinds.ts';
import { slotsOf, type Origin } from './origins.ts';
import { idOf } from './rows.ts';
import { batchProblem } from './rules/batch.ts';

/** Entries in one command. */
const STEP = 40;

/** Each step is durable when it returns: a batch that was cut off is simply sent again. Throws a Refusal with nothing stored for a batch that is wrong. */
export async function receiveBatch(
  db: Database,
  origin: Origin,
  { entries }: JournalBatch,
  now: () => number,
): Promise<JournalAck> {
  const problem = batchProblem(entries, {
    origin: origin.id,
    slots: slotsOf(origin),
    facts: FACTS,
    idOf: (entry) => idOf(entry.kind as FactKind, entry.row),
  });
  if (problem?.code === 'foreign_entry')
    throw new Refusal(403, problem.code, `${problem.message}: an origin brings its own only.`);
  if (problem?.code === 'damaged_entry' || problem?.code === 'unknown_column')
    throw new Refusal(422, problem.code, `${problem.message}.`);
  if (problem) throw badField(`entries[${problem.index}]`, problem.message);
  await db.read((r) => refuseForeignRuns(r, origin, entries));
  let stored = 0;
  for (let at = 0; at < entries.length; at += STEP) {
    const part = entries.slice(at, at + STEP);
    stored += await db.write((w) => storeEntries(w, origin, part, now()), { background: true });
  }
  return { stored, known: entries.length - stored };
}

/** A run has one owner: the origin that started it. */
async function refuseForeignRuns(r: ReadHandle, origin: Origin, entries: readonly JournalEntry[]): Promise<void> {
  const runs = JSON.stringify([...new Set(entries.flatMap(runOf))]);
  const foreign = await r.get<{ id: string; slot: number | null }>(
    `SELECT i.value AS id, coalesce(m.origin, (SELECT slot FROM origins WHERE own = 1)) AS slot FROM json_each(?) i
       LEFT JOIN merged m ON m.kind = 'run' AND m.id = i.value AND m.run_id = i.value AND m.origin <> ?
       LEFT JOIN runs n ON n.id = i.value AND NOT EXISTS (SELECT 1 FROM merged o WHERE o.origin = ? AND o.kind = 'run' AND o.id = n.id)
     WHERE m.id IS NOT NULL OR n.id IS NOT NULL LIMIT 1`,
    [runs, origin.slot, origin.slot],
  );
  if (!foreign) return;
  const owner = foreign.slot === null || foreign.slot === 0 ? 'this coordinator' : slotTag(foreign.slot);
  throw new Refusal(403, 'foreign_entry', `Run ${foreign.id} is of ${owner}: an origin brings its own only.`);
}

const runOf = ({ kind, run, row }: JournalEntry): string[] =>
  run !== null ? [run] : kind === 'dependency' ? [String(row.run_id)] : [];

/** Returns how many were new or newer. */
async function storeEntries(
  w: WriteHandle,
  origin: Origin,
  entries: readonly JournalEntry[],
  now: number,
): Promise<number> {
  let stored = 0;
  for (const { kind, id, rev, run, parts, row, hash } of entries) {
    const { changes } = await w.run(
      `INSERT INTO merged (origin, kind, id, rev, run_id, parts, hash, state, payload) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?)
       ON CONFLICT (origin, kind, id) DO UPDATE SET rev = excluded.rev, run_id = excluded.run_id, parts = excluded.parts, hash = excluded.hash,
         payload = excluded.payload, state = CASE WHEN merged.kind = 'run' AND merged.state = 'in_place' THEN 'changed'
           WHEN merged.kind = 'run' AND merged.state IN ('begun', 'changed') THEN merged.state ELSE 'waiting' END
         WHERE excluded.rev > merged.rev OR (excluded.rev = merged.rev AND excluded.hash > merged.hash)`,
      [origin.slot, kind, id, rev, run, parts, hash, JSON.stringify(row)],
    );
    stored += changes;
  }
  if (stored > 0)
    await w.run('UPDATE origins SET last_batch_at = ?, verified_at = NULL WHERE id = ?', [now, origin.id]);
  return stored;
}
