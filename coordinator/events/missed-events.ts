/** Queries for listeners that resume: the stored events behind a position, page by page. */
import type { ReadHandle } from '../storage/database.ts';
import type { StreamEvent } from './sse.ts';

/** The greatest `seq` stored; 0 without events. */
export async function newestSeq(r: ReadHandle): Promise<number> {
  const row = await r.get<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM events');
  return row?.seq ?? 0;
}

/** The `seq` just before a run's first event; the newest one where the run has none. */
export async function beginningOf(r: ReadHandle, runId: string): Promise<number> {
  const row = await r.get<{ seq: number | null }>('SELECT min(seq) - 1 AS seq FROM events WHERE run_id = ?', [runId]);
  return row?.seq ?? (await newestSeq(r));
}

const columns = 'seq, epoch, at, type, run_id, worker_id, task_id, data';
// Two searches instead of one condition with OR, which would read all events of all runs.
const pageOfRun = `
  SELECT * FROM (SELECT ${columns} FROM events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?)
  UNION ALL
  SELECT * FROM (
    SELECT ${columns} FROM events
    WHERE run_id IS NULL AND type >= 'worker.' AND type < 'worker/' AND seq > ? ORDER BY seq LIMIT ?)
  ORDER BY seq LIMIT ?`;
const pageOfAll = `SELECT ${columns} FROM events WHERE seq > ? ORDER BY seq LIMIT ?`;

/** At most `limit` events behind `seq`, oldest first, of one run (with those of workers) or of all; and the newest `seq` at that moment. */
export async function readPage(
  r: ReadHandle,
  seq: number,
  runId: string | undefined,
  limit: number,
): Promise<{ events: StreamEvent[]; newest: number }> {
  const events =
    runId === undefined
      ? await r.all<StreamEvent>(pageOfAll, [seq, limit])
      : await r.all<StreamEvent>(pageOfRun, [runId, seq, limit, seq, limit, limit]);
  return { events, newest: await newestSeq(r) };
}
