/** Racers: how one begins, and what its end, or that of the task it races, means for the other (rules/race.ts says when it is worth it). */
import { newId } from '../../shared/base/id.ts';
import type { WriteHandle } from '../storage/database.ts';
import { endAttempt } from './end-attempt.ts';
import type { HeldGrant } from './fleet.ts';
import { standingOf, unsettledTests, type HeldTask } from './held-task.ts';

/** Makes the racer of a grant; it must be claimed in the same command. Returns its id. */
export async function addRacer(w: WriteHandle, raced: HeldGrant, toWorker: string, now: number): Promise<string> {
  const id = newId(now);
  await w.run(
    `INSERT INTO tasks (id, run_id, seq, kind, needs, cpus, memory_bytes, state, max_retries, timeout_ms, created_at, race_of, race_fence)
     SELECT ?, run_id, (SELECT max(seq) + 1 FROM tasks WHERE run_id = t.run_id), kind, needs, cpus, memory_bytes, 'pending', max_retries, timeout_ms, ?, id, ?
     FROM tasks t WHERE id = ?`,
    [id, now, raced.fence, raced.taskId],
  );
  const open = await unsettledTests(w, { id: raced.taskId, kind: 'units', raceOf: null });
  const { runId, workerId, taskId, attempt, fence } = raced;
  const data = { attempt, fence, to_task_id: id, to_worker: toWorker, tests: open.length };
  await w.event({ type: 'task.raced', runId, workerId, taskId, data });
  return id;
}

/** Of these grants, those that are or were raced. */
export async function racedFences(w: WriteHandle, fences: readonly number[]): Promise<Set<number>> {
  const rows = await w.all<{ race_fence: number }>(
    'SELECT race_fence FROM tasks WHERE race_fence IN (SELECT value FROM json_each(?))',
    [JSON.stringify(fences)],
  );
  return new Set(rows.map((row) => row.race_fence));
}

/** A racer has ended: when nothing is left of the task that it raced, that one is complete, and its worker is told to stop. */
export async function settleRace(w: WriteHandle, racer: HeldTask, now: number): Promise<void> {
  if (racer.raceOf === null || (await unsettledTests(w, racer)).length > 0) return;
  const row = await w.get<{ worker_id: string | null; fence: number | null }>(
    `SELECT worker_id, fence FROM tasks WHERE id = ? AND state IN ('assigned', 'running')`,
    [racer.raceOf],
  );
  if (row?.worker_id == null || row.fence === null) return;
  const found = await standingOf(w, row.worker_id, racer.raceOf, row.fence);
  if (found.standing !== 'held') return;
  const reason = 'a racer on another machine was first';
  await endAttempt(w, found.task, { next: 'completed', ended: 'cancelled', reason }, {}, now);
}
