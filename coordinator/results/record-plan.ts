/** A shard has loaded its suite: the run learns which tests it has. */
import type { Report } from '../../shared/protocol/link.ts';
import { whyStale } from '../dispatch/begin-task.ts';
import { standingOf } from '../dispatch/held-task.ts';
import type { ReportAnswer } from '../dispatch/report-answer.ts';
import { addTests } from '../runs/add-tests.ts';
import type { WriteHandle } from '../storage/database.ts';

export type PlannedReport = Extract<Report, { kind: 'planned' }>;

export async function recordPlan(
  w: WriteHandle,
  workerId: string,
  report: PlannedReport,
  _now: number,
): Promise<ReportAnswer> {
  const found = await standingOf(w, workerId, report.taskId, report.fence);
  if (found.standing !== 'held') return { result: 'stale', detail: whyStale(found) };
  const { task } = found;
  // Queue runs have planned their tests from the discovery.
  if (task.kind !== 'shard') return { result: 'accepted' };
  const supporting = new Set(report.supportingTestIds);
  const added = await addTests(
    w,
    task.runId,
    report.tests.map((test) => ({ test, unitNo: null, taskId: task.id, supporting: supporting.has(test.id) })),
  );
  await w.run('UPDATE runs SET playwright_version = coalesce(playwright_version, ?) WHERE id = ?', [
    report.playwrightVersion,
    task.runId,
  ]);
  if (added > 0) {
    const totals = await w.get<{ tests_total: number; tasks_total: number }>(
      'SELECT tests_total, tasks_total FROM runs WHERE id = ?',
      [task.runId],
    );
    if (totals) await w.event({ type: 'run.planned', runId: task.runId, data: { ...totals } });
  }
  return { result: 'accepted' };
}
