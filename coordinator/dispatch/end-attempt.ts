/** The one place where a grant ends: the attempt is closed, the task moves on, the run is closed when this was its last task. */
import type { WriteHandle } from '../storage/database.ts';
import { goOn } from '../runs/close-run.ts';
import { countSummary } from '../runs/count-summary.ts';
import { moveRun } from '../runs/move-run.ts';
import { closeAttempt, type AttemptFigures } from './close-attempt.ts';
import { endRacer, endRacersOf, promoteRacer } from './end-racer.ts';
import { COSTS_RETRY, type Verdict } from './rules/task-state.ts';
import { unsettledTests, type HeldTask } from './held-task.ts';

export async function endAttempt(
  w: WriteHandle,
  task: HeldTask,
  verdict: Verdict,
  figures: AttemptFigures,
  now: number,
): Promise<void> {
  if (task.raceOf !== null) return endRacer(w, task, verdict, figures, now);
  // Given back or lost after its last result: a further grant would order nothing.
  if (verdict.next !== 'completed' && task.kind === 'units' && (await unsettledTests(w, task)).length === 0)
    return endAttempt(w, task, { ...verdict, next: 'completed' }, figures, now);
  if (verdict.next !== 'completed' && (await promoteRacer(w, task))) {
    const reason = `${verdict.reason}; the machine that raced it goes on alone`;
    return endAttempt(w, task, { next: 'completed', ended: verdict.ended, reason }, figures, now);
  }
  await closeAttempt(w, task, verdict, figures, now);
  if (verdict.next === 'pending') {
    await requeue(w, task, verdict, figures.escalated ?? null);
    return;
  }
  const failed = verdict.next !== 'completed';
  await w.run(
    `UPDATE tasks SET state = ?, reason = ?, completed_at = ?, lease_until = NULL, error_message = coalesce(?, error_message), error_stack = coalesce(?, error_stack)
     WHERE id = ? AND fence = ?`,
    [
      verdict.next,
      verdict.reason,
      now,
      failed ? verdict.reason : null,
      figures.errorStack ?? null,
      task.id,
      task.fence,
    ],
  );
  await w.run(
    `UPDATE workers SET total_completed = total_completed + ?, total_failed = total_failed + ?, total_duration_ms = total_duration_ms + ? WHERE id = ?`,
    [failed ? 0 : 1, failed ? 1 : 0, now - (task.startedAt ?? task.assignedAt ?? now), task.workerId],
  );
  await w.event({
    type: 'task.finished',
    runId: task.runId,
    workerId: task.workerId,
    taskId: task.id,
    data: {
      attempt: task.attempt,
      fence: task.fence,
      state: verdict.next,
      reason: verdict.reason,
      ended: verdict.ended,
    },
  });
  if (!failed) await endRacersOf(w, [task.id], now);
  if (!failed && task.submitted) await countSummary(w, { runId: task.runId, taskId: task.id, fence: task.fence });
  await w.run('UPDATE runs SET tasks_finished = tasks_finished + 1 WHERE id = ?', [task.runId]);
  if (failed && (figures.permanent === true || task.kind === 'discover')) {
    await failRun(w, task.runId, verdict.reason ?? 'a task failed', now);
  } else {
    await goOn(w, task.runId, now);
  }
}

async function requeue(
  w: WriteHandle,
  task: HeldTask,
  { reason, ended }: Verdict,
  escalated: 0 | 1 | 2 | null,
): Promise<void> {
  // Ahead of what was never tried: lost work is what a run would otherwise wait for at its end.
  await w.run(
    `UPDATE tasks SET state = 'pending', reason = ?, worker_id = NULL, fence = NULL, lease_until = NULL, assigned_at = NULL, started_at = NULL,
       priority = priority + 1, escalated = coalesce(?, escalated) WHERE id = ? AND fence = ?`,
    [reason, escalated, task.id, task.fence],
  );
  await w.event({
    type: 'task.requeued',
    runId: task.runId,
    workerId: task.workerId,
    taskId: task.id,
    data: { attempt: task.attempt, fence: task.fence, ended, reason },
  });
}

/** Ends the run as failed and cancels what is left of it. Returns whether it was still open. */
export async function failRun(w: WriteHandle, runId: string, reason: string, now: number): Promise<boolean> {
  const moved = await moveRun(w, runId, { type: 'fail' }, { reason }, now);
  if (moved) await cancelOpenTasks(w, runId, reason, now);
  return moved !== null;
}

/** Cancels every task of a run that has not ended. Workers that hold some are told by whoever listens to the events. */
export async function cancelOpenTasks(w: WriteHandle, runId: string, reason: string, now: number): Promise<number> {
  const held = await w.all<{
    id: string;
    worker_id: string;
    attempt: number;
    fence: number;
    started_at: number | null;
  }>(
    `SELECT id, worker_id, attempt, fence, started_at FROM tasks WHERE run_id = ? AND state IN ('assigned', 'running')`,
    [runId],
  );
  for (const task of held) {
    await w.run(
      `UPDATE task_attempts SET ended = 'cancelled', ended_at = ?, reason = ?, started_at = ? WHERE fence = ? AND ended IS NULL`,
      [now, reason, task.started_at, task.fence],
    );
    await w.event({
      type: 'task.cancelled',
      runId,
      workerId: task.worker_id,
      taskId: task.id,
      data: { attempt: task.attempt, fence: task.fence, reason },
    });
  }
  const { changes } = await w.run(
    `UPDATE tasks SET state = 'cancelled', reason = ?, completed_at = ?, lease_until = NULL
     WHERE run_id = ? AND state IN ('pending', 'assigned', 'running')`,
    [reason, now, runId],
  );
  await w.run('UPDATE runs SET tasks_finished = tasks_total WHERE id = ?', [runId]);
  return changes;
}

/** How many automatic retries a task has used up: what is counted against tests that were running is not counted here (task-state.ts). */
export async function retriesUsed(w: WriteHandle, taskId: string): Promise<number> {
  const row = await w.get<{ n: number }>(
    'SELECT count(*) AS n FROM task_attempts WHERE task_id = ? AND charged = 1 AND ended IN (SELECT value FROM json_each(?))',
    [taskId, JSON.stringify(COSTS_RETRY)],
  );
  return row?.n ?? 0;
}
