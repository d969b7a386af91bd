/** Reads of tests and their attempts, in the shapes of the REST API. */
import type { Attachment, PlannedTest, TestAttempt } from '../../shared/protocol/playwright.ts';
import type { TestDetail, TestSummary } from '../../shared/protocol/rest/results.ts';
import type { ReadHandle } from '../storage/database.ts';

export type StoredPlan = Omit<PlannedTest, 'id' | 'project' | 'file'>;
export type AttemptDetail = Omit<TestAttempt, 'testId' | 'retry' | 'status' | 'startedAt' | 'durationMs'>;

export interface TestRow {
  test_id: string;
  no: number;
  supporting: number;
  project: string;
  file: string;
  plan: string;
  outcome: TestSummary['outcome'];
  fence: number | null;
  attempts: number | null;
  duration_ms: number | null;
  note: string | null;
  worker: string | null;
  error: string | null;
}

const selectTests = `
  SELECT t.test_id, t.no, t.supporting, t.project, t.file, t.plan, t.outcome, t.fence, t.attempts, t.duration_ms, t.note,
    (SELECT w.hostname FROM task_attempts a JOIN workers w ON w.id = a.worker_id WHERE a.fence = t.fence) AS worker,
    (SELECT x.detail ->> '$.errors[0].message' FROM test_attempts x
     WHERE x.run_id = t.run_id AND x.test_id = t.test_id AND x.fence = t.fence ORDER BY x.retry DESC LIMIT 1) AS error
  FROM tests t`;

export interface TestFilter {
  outcome?: string | undefined;
  project?: string | undefined;
  file?: string | undefined;
  /** Part of title, file or project. */
  search?: string | undefined;
}

/** Failures first, then flaky, then the order of the suite. `after` is the position of the last one of the page before. */
export async function listTests(
  r: ReadHandle,
  runId: string,
  filter: TestFilter,
  page: { limit: number; after: number | null },
): Promise<{ position: number; test: TestSummary }[]> {
  const { outcome = null, project = null, file = null, search = null } = filter;
  const rows = await r.all<TestRow & { position: number }>(
    `SELECT * FROM (${selectTests.replace('SELECT', `SELECT ${position} AS position,`)} WHERE t.run_id = ?
       AND (? IS NULL OR t.outcome = ?) AND (? IS NULL OR t.project = ?) AND (? IS NULL OR t.file = ?)
       AND (? IS NULL OR instr(lower(t.plan ->> '$.titlePath' || ' ' || t.file || ' ' || t.project), lower(?)) > 0))
     WHERE position > ? ORDER BY position LIMIT ?`,
    [runId, outcome, outcome, project, project, file, file, search, search, page.after ?? -1, page.limit],
  );
  return rows.map((row) => ({ position: row.position, test: toSummary(row) }));
}

const position = `(CASE t.outcome WHEN 'unexpected' THEN 0 WHEN 'flaky' THEN 1 ELSE 2 END) * 10000000 + t.no`;

/** All tests of a run in the order of the suite, with what reports are made of. */
export async function allTests(r: ReadHandle, runId: string): Promise<TestRow[]> {
  return r.all(`${selectTests} WHERE t.run_id = ? ORDER BY t.no`, [runId]);
}

/** Signs an address of the content origin for a stored file. */
export type ContentUrl = (sha256: string, attachment: { name: string; contentType: string }) => string;

export async function getTest(
  r: ReadHandle,
  runId: string,
  testId: string,
  contentUrl: ContentUrl,
): Promise<TestDetail | null> {
  const row = await r.get<TestRow>(`${selectTests} WHERE t.run_id = ? AND t.test_id = ?`, [runId, testId]);
  if (!row) return null;
  const attempts = await r.all<{
    retry: number;
    status: TestAttempt['status'];
    fence: number;
    worker_id: string;
    worker: string | null;
    task_id: string;
    started_at: number;
    duration_ms: number;
    detail: string;
  }>(
    `SELECT x.retry, x.status, x.fence, x.worker_id, w.hostname AS worker, x.task_id, x.started_at, x.duration_ms, x.detail
     FROM test_attempts x LEFT JOIN workers w ON w.id = x.worker_id WHERE x.run_id = ? AND x.test_id = ? ORDER BY x.fence, x.retry`,
    [runId, testId],
  );
  const stored = new Set(
    (
      await r.all<{ sha256: string }>(
        'SELECT a.sha256 FROM artifacts a JOIN blobs b ON b.sha256 = a.sha256 WHERE a.run_id = ? AND a.test_id = ?',
        [runId, testId],
      )
    ).map((blob) => blob.sha256),
  );
  const addressed = (file: Attachment) => {
    if (file.sha256 === null || !stored.has(file.sha256)) return { ...file, url: null, content_url: null };
    return { ...file, url: `/api/v1/blobs/${file.sha256}`, content_url: contentUrl(file.sha256, file) };
  };
  return {
    ...toSummary(row),
    all_attempts: attempts.map((attempt) => {
      const detail = JSON.parse(attempt.detail) as AttemptDetail;
      return {
        retry: attempt.retry,
        status: attempt.status,
        counted: attempt.fence === row.fence,
        worker_id: attempt.worker_id,
        worker: attempt.worker,
        task_id: attempt.task_id,
        started_at: new Date(attempt.started_at).toISOString(),
        duration_ms: attempt.duration_ms,
        errors: detail.errors,
        steps: detail.steps,
        annotations: detail.annotations,
        stdout: detail.stdout,
        stderr: detail.stderr,
        attachments: detail.attachments.map(addressed),
      };
    }),
  };
}

function toSummary(row: TestRow): TestSummary {
  const plan = JSON.parse(row.plan) as StoredPlan;
  return {
    test_id: row.test_id,
    title: plan.titlePath.join(' › '),
    title_path: plan.titlePath,
    project: row.project,
    file: row.file,
    line: plan.line,
    tags: plan.tags,
    supporting: row.supporting === 1,
    outcome: row.outcome,
    attempts: row.attempts ?? 0,
    duration_ms: row.duration_ms,
    note: row.note,
    error: row.outcome === 'expected' ? null : row.error,
    worker: row.worker,
  };
}
