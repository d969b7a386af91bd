/** A worker reports attempts of tests, and which tests Playwright has settled. */
import { wholeError } from '../../shared/model/failure-cluster.ts';
import type { Report } from '../../shared/protocol/link.ts';
import type { EventData } from '../../shared/protocol/events.ts';
import type { TestAttempt } from '../../shared/protocol/playwright.ts';
import { whyStale } from '../dispatch/begin-task.ts';
import { standingOf, type HeldTask } from '../dispatch/held-task.ts';
import type { ReportAnswer } from '../dispatch/report-answer.ts';
import { settleTests } from '../runs/settle-tests.ts';
import type { WriteHandle } from '../storage/database.ts';
import { addArtifacts } from './add-artifacts.ts';

export type ResultsReport = Extract<Report, { kind: 'results' }>;

/** How much of an error's message events carry; all of it is with the attempt. */
const EVENT_ERROR_CHARS = 2000;

/**
 * Attempts of a grant that has ended are kept as well, uncounted: what a machine saw is worth knowing even where it came too late. The same
 * report again changes nothing: (run, test, fence, retry) names an attempt once and for all.
 */
export async function recordResults(
  w: WriteHandle,
  workerId: string,
  report: ResultsReport,
  now: number,
): Promise<ReportAnswer> {
  const found = await standingOf(w, workerId, report.taskId, report.fence);
  if (found.standing === 'unknown') return { result: 'stale', detail: whyStale(found) };
  const runId = found.standing === 'held' ? found.task.runId : found.runId;
  for (const attempt of report.attempts) await addAttempt(w, { runId, workerId, report, attempt }, now);
  if (found.standing === 'ended') return { result: 'stale', detail: whyStale(found) };
  const { task } = found;
  const known = await attemptFigures(w, runId, report);
  const own = await ownTests(w, task, report);
  const settlements = report.settled
    .filter(({ testId }) => own.has(testId))
    .map((test) => ({
      testId: test.testId,
      outcome: test.outcome,
      attempts: test.attempts,
      durationMs: known.get(test.testId)?.durationMs ?? 0,
      error: known.get(test.testId)?.error ?? null,
    }));
  await settleTests(w, runId, { fence: report.fence, taskId: task.id, workerId }, settlements, now);
  for (const error of report.errors) {
    await w.run('UPDATE tasks SET error_message = ?, error_stack = ? WHERE id = ?', [
      error.message,
      error.stack ?? null,
      task.id,
    ]);
    const data: EventData<'run.error'> = { message: error.message.slice(0, EVENT_ERROR_CHARS) };
    await w.event({ type: 'run.error', runId, workerId, taskId: task.id, data });
  }
  return { result: 'accepted' };
}

/** A grant speaks for the tests of its task, and for supporting ones, which run in every process. What it says of others is kept, not counted. */
async function ownTests(w: WriteHandle, task: HeldTask, report: ResultsReport): Promise<Set<string>> {
  if (report.settled.length === 0) return new Set();
  const taskId = task.raceOf ?? task.id;
  const rows = await w.all<{ test_id: string }>(
    `SELECT t.test_id FROM json_each(?) s CROSS JOIN tests t ON t.run_id = ? AND t.test_id = s.value
     WHERE t.supporting = 1 OR t.task_id = ?
       OR EXISTS (SELECT 1 FROM units u WHERE u.run_id = t.run_id AND u.no = t.unit_no AND u.task_id = ?)`,
    [JSON.stringify(report.settled.map(({ testId }) => testId)), task.runId, taskId, taskId],
  );
  return new Set(rows.map((row) => row.test_id));
}

interface Reported {
  runId: string;
  workerId: string;
  report: ResultsReport;
  attempt: TestAttempt;
}

async function addAttempt(w: WriteHandle, { runId, workerId, report, attempt }: Reported, now: number): Promise<void> {
  const { testId, retry, status, startedAt, durationMs, ...detail } = attempt;
  const { changes } = await w.run(
    `INSERT INTO test_attempts (run_id, test_id, task_id, fence, retry, worker_id, status, started_at, duration_ms, received_at, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, test_id, fence, retry) DO NOTHING`,
    [
      runId,
      testId,
      report.taskId,
      report.fence,
      retry,
      workerId,
      status,
      startedAt,
      durationMs,
      now,
      JSON.stringify(detail),
    ],
  );
  if (changes === 0) return;
  const stored = attempt.attachments.filter((file) => file.sha256 !== null);
  await addArtifacts(
    w,
    stored.map((file) => ({
      runId,
      taskId: report.taskId,
      fence: report.fence,
      testId,
      kind: 'attachment' as const,
      name: file.name,
      contentType: file.contentType,
      sha256: file.sha256 ?? '',
      size: file.size,
    })),
  );
}

/** Over all attempts of this grant that are stored by now: the sum of durations, and the error of the last one that had one. */
async function attemptFigures(
  w: WriteHandle,
  runId: string,
  report: ResultsReport,
): Promise<Map<string, { durationMs: number; error: string | null }>> {
  const rows = await w.all<{ test_id: string; duration_ms: number; first: string | null; second: string | null }>(
    `SELECT test_id, duration_ms, detail ->> '$.errors[0].message' AS first, detail ->> '$.errors[1].message' AS second FROM test_attempts
     WHERE run_id = ? AND fence = ? AND test_id IN (SELECT value FROM json_each(?)) ORDER BY test_id, retry`,
    [runId, report.fence, JSON.stringify(report.settled.map((test) => test.testId))],
  );
  const figures = new Map<string, { durationMs: number; error: string | null }>();
  for (const row of rows) {
    const before = figures.get(row.test_id);
    const error = wholeError(row.first, row.second)?.slice(0, EVENT_ERROR_CHARS) ?? before?.error ?? null;
    figures.set(row.test_id, { durationMs: (before?.durationMs ?? 0) + row.duration_ms, error });
  }
  return figures;
}
