/** Ends a run once its last task has ended, with its verdict, and learns from it how long its tests take. */
import type { WriteHandle } from '../storage/database.ts';
import { moveGroups } from './groups.ts';
import { learnDurations } from './learn-durations.ts';
import { moveRun } from './move-run.ts';
import { rollUp } from './roll-up.ts';
import { settleTests } from './settle-tests.ts';
import { learnStartCost } from './start-cost.ts';

/** Tasks of a run have ended: what waited for them may begin, and with the last one the run ends. */
export async function goOn(w: WriteHandle, runId: string, now: number): Promise<void> {
  await moveGroups(w, runId, now);
  const run = await w.get<{ left: number }>('SELECT tasks_total - tasks_finished AS left FROM runs WHERE id = ?', [
    runId,
  ]);
  if (run?.left === 0) await closeRun(w, runId, now);
}

/** Call it when no task is left. Does nothing where the run has ended already; returns whether it ended now. */
async function closeRun(w: WriteHandle, runId: string, now: number): Promise<boolean> {
  const run = await w.get<{ state: string; project_id: string; errors: number }>(
    'SELECT state, project_id, errors FROM runs WHERE id = ?',
    [runId],
  );
  if (run?.state !== 'running') return false;
  const failedTask = await w.get<{ error_message: string | null; state: string }>(
    `SELECT error_message, state FROM tasks WHERE run_id = ? AND state IN ('failed', 'timeout') ORDER BY seq LIMIT 1`,
    [runId],
  );
  await settleLeftOvers(w, runId, failedTask ? 'did not run: its task failed' : 'did not run', now);
  const totals = await w.get<{ unexpected: number }>('SELECT unexpected FROM runs WHERE id = ?', [runId]);
  if (failedTask) {
    await moveRun(
      w,
      runId,
      { type: 'fail' },
      { reason: failedTask.error_message ?? `a task ended as ${failedTask.state}` },
      now,
    );
  } else {
    const failed = (totals?.unexpected ?? 0) > 0 || run.errors > 0;
    const reason = run.errors > 0 ? 'An error outside any test was reported; see the log' : null;
    await moveRun(w, runId, { type: 'finish' }, { reason, outcome: failed ? 'failed' : 'passed' }, now);
  }
  await learnDurations(w, runId, run.project_id, now);
  await learnStartCost(w, runId, run.project_id, now);
  await rollUp(w, runId, run.project_id, now);
  return true;
}

/** What is left without an outcome never ran: supporting tests that no process needed, tests behind a failed task. */
async function settleLeftOvers(w: WriteHandle, runId: string, note: string, now: number): Promise<void> {
  const rows = await w.all<{ test_id: string }>('SELECT test_id FROM tests WHERE run_id = ? AND outcome IS NULL', [
    runId,
  ]);
  const settlements = rows.map((row) => ({
    testId: row.test_id,
    outcome: 'skipped' as const,
    attempts: 0,
    durationMs: 0,
    note,
  }));
  await settleTests(w, runId, null, settlements, now);
}
