/** Lets a pending run wait for others. */
import type { Dependency } from '../../shared/protocol/rest/runs.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import { badField } from '../http/refusal.ts';
import type { Teams } from '../http/scope.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { judgeDependents } from './dependencies.ts';
import { skipRuns } from './move-run.ts';
import { findRunId } from './queries.ts';
import { findCycle, type Graph } from './rules/graph.ts';

const MOST = 100;

/**
 * Adds what a pending run waits for; an edge to a run that it waits for already is replaced. Where that has ended already, its ending
 * counts: the run may be cancelled at once. `sees`: whose runs may be named. Throws a Refusal that names the run, and the command is undone, for unknown runs and circles.
 */
export async function dependOn(
  w: WriteHandle,
  runId: string,
  { asked, sees }: { asked: readonly Dependency[]; sees: Teams },
  now: number,
): Promise<void> {
  if (asked.length === 0) return;
  for (const [index, { run, on, otherwise }] of asked.entries()) {
    const field = `depends_on.${index}.run`;
    const beforeId = await findRunId(w, { reads: sees, acts: sees }, run);
    if (beforeId === null) throw badField(field, `names no test run: "${run}"`);
    const cycle = findCycle(await graphWith(w, runId, beforeId));
    if (cycle) throw badField(field, `would wait for ever: ${await named(w, cycle)}`);
    await w.run(
      `INSERT INTO run_dependencies (run_id, before_id, on_ending, otherwise) VALUES (?, ?, ?, ?)
       ON CONFLICT (run_id, before_id) DO UPDATE SET on_ending = excluded.on_ending, otherwise = excluded.otherwise, met_at = NULL`,
      [runId, beforeId, on, otherwise],
    );
  }
  const count = await w.get<{ n: number }>('SELECT count(*) AS n FROM run_dependencies WHERE run_id = ?', [runId]);
  if ((count?.n ?? 0) > MOST)
    throw badField('depends_on', `may name ${MOST} runs in all: let this run wait for one that waits for them`);
  await skipRuns(w, await judgeDependents(w, [runId], now), now);
}

/** What the run waits for with the new edge, as far as it could lead back to the run. */
async function graphWith(r: ReadHandle, runId: string, beforeId: string): Promise<Graph> {
  const rows = await r.all<{ run_id: string; before_id: string }>(
    `WITH RECURSIVE reached (id) AS (SELECT ? UNION SELECT d.before_id FROM reached JOIN run_dependencies d ON d.run_id = reached.id WHERE d.met_at IS NULL)
     SELECT d.run_id, d.before_id FROM reached JOIN run_dependencies d ON d.run_id = reached.id WHERE d.met_at IS NULL`,
    [beforeId],
  );
  const graph = new Map([[runId, [beforeId]]]);
  for (const { run_id, before_id } of rows) {
    if (run_id !== runId) graph.set(run_id, [...(graph.get(run_id) ?? []), before_id]);
  }
  return graph;
}

async function named(r: ReadHandle, ids: readonly string[]): Promise<string> {
  const rows = await r.all<{ id: string; number: number; name: string }>(
    'SELECT id, number, name FROM runs WHERE id IN (SELECT value FROM json_each(?))',
    [JSON.stringify(ids)],
  );
  const names = new Map(rows.map((row) => [row.id, `#${runLabel(row.number)} (${row.name})`]));
  return ids.map((id) => names.get(id) ?? id).join(' → ');
}
