/** Adds the summary that a polling worker submitted for a completed task to the totals of its run. */
import type { WriteHandle } from '../storage/database.ts';

export interface SubmittedSummary {
  passed: number;
  failed: number;
  skipped: number;
  flaky: number;
}

/** Call once per completed grant. Does nothing where no summary was submitted, or where the task reported its tests one by one. */
export async function countSummary(
  w: WriteHandle,
  task: { runId: string; taskId: string; fence: number },
): Promise<void> {
  const row = await w.get<{ metrics: string | null; tests: number }>(
    `SELECT metrics, EXISTS (SELECT 1 FROM tests WHERE task_id = a.task_id)
       OR EXISTS (SELECT 1 FROM units WHERE task_id = a.task_id) AS tests FROM task_attempts a WHERE fence = ?`,
    [task.fence],
  );
  if (!row?.metrics || row.tests === 1) return;
  const { submitted } = JSON.parse(row.metrics) as { submitted: SubmittedSummary };
  const { passed, failed, skipped, flaky } = submitted;
  const total = passed + failed + skipped;
  await w.run(
    `UPDATE runs SET tests_total = tests_total + ?, tests_settled = tests_settled + ?, expected = expected + ?, unexpected = unexpected + ?,
       flaky = flaky + ?, skipped = skipped + ?, outcome = CASE WHEN outcome IS NOT NULL AND ? > 0 THEN 'failed' ELSE outcome END WHERE id = ?`,
    [total, total, Math.max(0, passed - flaky), failed, flaky, skipped, failed, task.runId],
  );
}
