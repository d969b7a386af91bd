/** Looks how runs with a deadline stand, and stores what changed: state, predicted end, and what their priority gains. */
import type { WriteHandle } from '../storage/database.ts';
import { outlook, type DeadlineState } from './rules/deadline.ts';

interface Row {
  id: string;
  deadline: number;
  deadline_state: DeadlineState | null;
  predicted_end: number | null;
  boost: number;
  held: number;
  tests_total: number;
  tests_settled: number;
}

/** A predicted end that moved less is the same. */
const NOTABLE_MS = 5_000;

/**
 * `slots`: how many processes the fleet can run; a run may count on its part of them, or on what it holds where that is more. Returns
 * whether there is any such run: then it is worth looking again soon.
 */
export async function updateDeadlines(w: WriteHandle, slots: number, now: number): Promise<boolean> {
  const rows = await w.all<Row>(
    `SELECT id, deadline, deadline_state, predicted_end, boost, tests_total, tests_settled,
       (SELECT count(*) FROM tasks t INDEXED BY tasks_leased WHERE t.run_id = runs.id AND t.state IN ('assigned', 'running')) AS held
     FROM runs WHERE deadline IS NOT NULL AND state IN ('pending', 'scheduling', 'running')`,
  );
  if (rows.length === 0) return false;
  const active = await w.get<{ n: number }>(`SELECT count(*) AS n FROM runs WHERE state IN ('scheduling', 'running')`);
  const part = Math.floor(slots / Math.max(1, active?.n ?? 1));
  for (const row of rows) {
    const remainingMs = await remainingWork(w, row);
    const { state, predictedEnd, boost } = outlook({
      now,
      deadline: row.deadline,
      remainingMs,
      slots: Math.max(row.held, part),
    });
    const moved = Math.abs((predictedEnd ?? 0) - (row.predicted_end ?? 0)) >= NOTABLE_MS;
    if (state === row.deadline_state && boost === row.boost && !moved) continue;
    await w.run('UPDATE runs SET deadline_state = ?, predicted_end = ?, boost = ? WHERE id = ?', [
      state,
      predictedEnd,
      boost,
      row.id,
    ]);
    if (state === row.deadline_state && boost === row.boost) continue;
    await w.event({ type: 'run.deadline', runId: row.id, data: { state, predicted_end: predictedEnd, boost } });
  }
  return true;
}

/** Milliseconds of one slot; null where neither units nor results say anything yet. */
async function remainingWork(w: WriteHandle, run: Row): Promise<number | null> {
  const units = await w.get<{ ms: number | null }>(
    `SELECT sum(expected_ms) AS ms FROM units u WHERE u.run_id = ?
       AND EXISTS (SELECT 1 FROM tests t WHERE t.run_id = u.run_id AND t.unit_no = u.no AND t.outcome IS NULL)`,
    [run.id],
  );
  if (units?.ms != null) return units.ms;
  if (run.tests_total === 0) return null;
  if (run.tests_settled === run.tests_total) return 0;
  // Shards have no units: their tests take as long as those that are done.
  const done = await w.get<{ mean: number | null }>(
    'SELECT avg(duration_ms) AS mean FROM tests WHERE run_id = ? AND duration_ms IS NOT NULL',
    [run.id],
  );
  return done?.mean == null ? null : done.mean * (run.tests_total - run.tests_settled);
}
