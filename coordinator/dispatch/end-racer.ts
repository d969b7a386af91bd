/** The end of a racer, and what becomes of it when the task that it races ends. A racer never waits again: it has one grant. */
import { closeAttempt, type AttemptFigures } from './close-attempt.ts';
import { standingOf, unsettledTests, type HeldTask } from './held-task.ts';
import { tellSplit } from './split-off.ts';
import type { Verdict } from './rules/task-state.ts';
import type { WriteHandle } from '../storage/database.ts';

/** Whatever became of its grant, nothing is tried again: the task that it raced goes on. */
export async function endRacer(
  w: WriteHandle,
  racer: HeldTask,
  { ended, reason }: Pick<Verdict, 'ended' | 'reason'>,
  figures: AttemptFigures,
  now: number,
): Promise<void> {
  await closeAttempt(w, racer, { ended, reason }, figures, now);
  const state = ended === 'completed' ? 'completed' : 'cancelled';
  await w.run(
    'UPDATE tasks SET state = ?, reason = ?, completed_at = ?, lease_until = NULL WHERE id = ? AND fence = ?',
    [state, reason, now, racer.id, racer.fence],
  );
  const { attempt, fence } = racer;
  const ids = { runId: racer.runId, workerId: racer.workerId, taskId: racer.id };
  if (ended === 'completed')
    await w.event({ type: 'task.finished', ...ids, data: { attempt, fence, state: 'completed', reason } });
  else if (ended === 'cancelled') await w.event({ type: 'task.cancelled', ...ids, data: { attempt, fence, reason } });
  else await w.event({ type: 'task.requeued', ...ids, data: { attempt, fence, ended, reason } });
}

/** The tasks are complete: whoever still races them is told to stop. */
export async function endRacersOf(w: WriteHandle, taskIds: readonly string[], now: number): Promise<void> {
  for (const racer of await racersOf(w, taskIds))
    await endRacer(w, racer, { ended: 'cancelled', reason: 'the machine that it raced was first' }, {}, now);
}

/**
 * A raced task failed, or must wait for another worker: its racer, if it has one, takes over all that is open and is an ordinary task from now
 * on. Returns whether it did; the raced task is then complete.
 */
export async function promoteRacer(w: WriteHandle, raced: HeldTask): Promise<boolean> {
  const [racer] = await racersOf(w, [raced.id]);
  if (!racer) return false;
  const open = await unsettledTests(w, raced);
  if (open.length === 0) return false;
  const moved = await w.all<{ expected_ms: number }>(
    `UPDATE units SET task_id = ? WHERE task_id = ? AND EXISTS (
       SELECT 1 FROM tests t WHERE t.run_id = units.run_id AND t.unit_no = units.no AND t.outcome IS NULL) RETURNING expected_ms`,
    [racer.id, raced.id],
  );
  await w.run(
    'UPDATE tasks SET race_of = NULL, race_fence = NULL, group_no = (SELECT group_no FROM tasks WHERE id = ?) WHERE id = ?',
    [raced.id, racer.id],
  );
  await w.run('UPDATE runs SET tasks_total = tasks_total + 1 WHERE id = ?', [raced.runId]);
  const expectedMs = moved.reduce((sum, unit) => sum + unit.expected_ms, 0);
  await tellSplit(w, raced, { id: racer.id, tests: open.length, expectedMs });
  return true;
}

/** Whether another machine runs the same tests beside this grant now: they are in good hands, whatever becomes of it. */
export async function isRaced(w: WriteHandle, task: Pick<HeldTask, 'id'>): Promise<boolean> {
  return (await racersOf(w, [task.id])).length > 0;
}

async function racersOf(w: WriteHandle, taskIds: readonly string[]): Promise<HeldTask[]> {
  const rows = await w.all<{ id: string; worker_id: string; fence: number }>(
    `SELECT id, worker_id, fence FROM tasks WHERE race_of IN (SELECT value FROM json_each(?)) AND state IN ('assigned', 'running')`,
    [JSON.stringify(taskIds)],
  );
  const racers: HeldTask[] = [];
  for (const row of rows) {
    const found = await standingOf(w, row.worker_id, row.id, row.fence);
    if (found.standing === 'held') racers.push(found.task);
  }
  return racers;
}
