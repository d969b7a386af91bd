/** Looks again at runs that wait for others: notes what has come, says what is still missing, and tells which of them cannot be carried out. */
import type { DependencyRule, RunState } from '../../shared/protocol/rest/runs.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { endingOf, judgeEdge, whySkipped, whyWaiting, type Ending, type NamedEdge } from './rules/dependencies.ts';

interface Outcome {
  state: RunState;
  outcome: 'passed' | 'failed' | null;
}

interface EdgeRow extends Outcome {
  before_id: string;
  number: number;
  name: string;
  on_ending: DependencyRule['on'];
  otherwise: DependencyRule['otherwise'];
}

/** A run that is to be cancelled, and why. */
export interface Skipped {
  runId: string;
  reason: string;
}

/** Pending runs that wait for this one, or for a retry of a run that this one repeats. */
export async function dependentsOf(r: ReadHandle, runId: string): Promise<string[]> {
  const rows = await r.all<{ run_id: string }>(
    `WITH RECURSIVE origins (id) AS (SELECT ? UNION SELECT runs.rerun_of FROM origins JOIN runs ON runs.id = origins.id WHERE runs.rerun_of IS NOT NULL)
     SELECT DISTINCT d.run_id FROM origins CROSS JOIN run_dependencies d ON d.before_id = origins.id CROSS JOIN runs ON runs.id = d.run_id
     WHERE d.met_at IS NULL AND runs.state = 'pending'`,
    [runId],
  );
  return rows.map((row) => row.run_id);
}

/** Returns those of the pending runs that must be cancelled now; the others begin as soon as nothing is missing any more. */
export async function judgeDependents(w: WriteHandle, runIds: readonly string[], now: number): Promise<Skipped[]> {
  const skipped: Skipped[] = [];
  for (const runId of runIds) {
    const never = await judgeRun(w, runId, now);
    if (never) skipped.push({ runId, reason: whySkipped(never) });
  }
  return skipped;
}

/** The edge of which what it asks for cannot come any more; null where there is none. */
async function judgeRun(w: WriteHandle, runId: string, now: number): Promise<NamedEdge | null> {
  const rows = await w.all<EdgeRow>(
    `SELECT d.before_id, d.on_ending, d.otherwise, b.number, b.name, b.state, b.outcome FROM run_dependencies d JOIN runs b ON b.id = d.before_id
     WHERE d.run_id = ? AND d.met_at IS NULL ORDER BY b.number`,
    [runId],
  );
  const waiting: NamedEdge[] = [];
  for (const row of rows) {
    const ending = endingOf(row);
    const edge = {
      on: row.on_ending,
      otherwise: row.otherwise,
      before: { number: row.number, name: row.name, ending },
    };
    const verdict = judgeEdge(edge, { ending, retries: await retriesOf(w, row) });
    if (verdict === 'never') return edge;
    if (verdict === 'waiting') waiting.push(edge);
    else
      await w.run('UPDATE run_dependencies SET met_at = ? WHERE run_id = ? AND before_id = ?', [
        now,
        runId,
        row.before_id,
      ]);
  }
  await tellReason(w, runId, waiting.length === 0 ? null : whyWaiting(waiting));
  return null;
}

async function retriesOf(r: ReadHandle, { before_id, otherwise }: EdgeRow): Promise<(Ending | null)[]> {
  if (otherwise !== 'wait') return [];
  const rows = await r.all<Outcome>(
    `WITH RECURSIVE family (id) AS (SELECT id FROM runs WHERE rerun_of = ? UNION SELECT runs.id FROM family JOIN runs ON runs.rerun_of = family.id)
     SELECT runs.state, runs.outcome FROM family JOIN runs ON runs.id = family.id`,
    [before_id],
  );
  return rows.map(endingOf);
}

async function tellReason(w: WriteHandle, runId: string, reason: string | null): Promise<void> {
  const { changes } = await w.run('UPDATE runs SET reason = ? WHERE id = ? AND reason IS NOT ?', [
    reason,
    runId,
    reason,
  ]);
  if (changes > 0) await w.event({ type: 'run.reason', runId, data: { reason } });
}
