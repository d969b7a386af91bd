/** Reads from the database what the report of a run is to show: each test once, with the attempts that count. */
import type { TestAttempt } from '../../shared/protocol/playwright.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import { allTests, type AttemptDetail, type StoredPlan, type TestRow } from '../results/queries.ts';
import type { Database } from '../storage/database.ts';
import type { ReportAttempt, ReportPlan, ReportTest } from './plan.ts';

interface AttemptRow {
  test_id: string;
  fence: number;
  retry: number;
  status: TestAttempt['status'];
  started_at: number;
  duration_ms: number;
  detail: string;
  task_id: string;
  attempt: number;
  blob_sha256: string | null;
}

export interface PlanReportInput {
  runId: string;
  outDir: string;
  /** Absolute path of a stored blob, null where its bytes never arrived. */
  fileOf: (sha256: string) => Promise<string | null>;
  artifactsDir: string;
}

/** Tests of which so many are read at a time: their steps and output are the bulk of a run. */
const PAGE = 200;

export async function planReport(db: Database, input: PlanReportInput): Promise<ReportPlan> {
  const { runId, outDir, fileOf, artifactsDir } = input;
  const { run, tests, blobs } = await db.read(async (r) => ({
    run: await r.query.selectFrom('runs').selectAll().where('id', '=', runId).executeTakeFirstOrThrow(),
    tests: await allTests(r, runId),
    blobs: await r.all<{ task_id: string; attempt: number; blob_sha256: string }>(
      `SELECT a.task_id, a.attempt, a.blob_sha256 FROM task_attempts a JOIN tasks t ON t.id = a.task_id
       WHERE t.run_id = ? AND a.blob_sha256 IS NOT NULL ORDER BY a.fence`,
      [runId],
    ),
  }));
  const found: ReportPlan['blobs'] = [];
  let missing = 0;
  for (const blob of blobs) {
    const file = await fileOf(blob.blob_sha256);
    if (file === null) missing++;
    else found.push({ key: `${blob.task_id}:${blob.attempt}`, file });
  }
  const keys = new Set(found.map((blob) => blob.key));
  const notes =
    missing > 0
      ? [`${missing} of ${blobs.length} blob reports never arrived; what they held is shown from the live results.`]
      : [];
  if (run.state !== 'completed') notes.push(`This run ended as ${run.state}: ${run.reason ?? 'no reason given'}`);
  return {
    title: `${run.name} #${runLabel(run.number)}`,
    outDir,
    ...(run.playwright_version === null ? {} : { playwrightVersion: run.playwright_version }),
    startedAt: run.started_at ?? run.created_at,
    durationMs: (run.completed_at ?? run.created_at) - (run.started_at ?? run.created_at),
    blobs: found,
    artifactsDir,
    notes,
    tests: reportTests(db, runId, tests, keys),
  };
}

async function* reportTests(
  db: Database,
  runId: string,
  tests: readonly TestRow[],
  blobKeys: ReadonlySet<string>,
): AsyncGenerator<ReportTest> {
  for (let from = 0; from < tests.length; from += PAGE) {
    const page = tests.slice(from, from + PAGE);
    const ids = JSON.stringify(page.map((test) => test.test_id));
    const rows = await db.read((r) =>
      r.all<AttemptRow>(
        `SELECT x.test_id, x.fence, x.retry, x.status, x.started_at, x.duration_ms, x.detail, a.task_id, a.attempt, a.blob_sha256
         FROM test_attempts x JOIN task_attempts a ON a.fence = x.fence
         JOIN tests t ON t.run_id = x.run_id AND t.test_id = x.test_id AND t.fence = x.fence
         WHERE x.run_id = ? AND x.test_id IN (SELECT value FROM json_each(?)) ORDER BY x.test_id, x.retry`,
        [runId, ids],
      ),
    );
    const byTest = Map.groupBy(rows, (row) => row.test_id);
    for (const test of page) yield toReportTest(test, byTest.get(test.test_id) ?? [], blobKeys);
  }
}

function toReportTest(row: TestRow, attempts: readonly AttemptRow[], blobKeys: ReadonlySet<string>): ReportTest {
  const plan = JSON.parse(row.plan) as StoredPlan;
  // A repeated serial group may report fewer counted attempts than it stored; the last ones count.
  const counted = row.attempts === null ? attempts : attempts.slice(Math.max(0, attempts.length - row.attempts));
  return {
    test: { id: row.test_id, project: row.project, file: row.file, ...plan },
    attempts: counted.map((attempt) => toReportAttempt(row.test_id, attempt, blobKeys)),
    ...(row.note === null ? {} : { note: row.note }),
  };
}

function toReportAttempt(testId: string, row: AttemptRow, blobKeys: ReadonlySet<string>): ReportAttempt {
  const key = `${row.task_id}:${row.attempt}`;
  const detail = JSON.parse(row.detail) as AttemptDetail;
  return {
    blobKey: blobKeys.has(key) ? key : null,
    retryInBlob: row.retry,
    recorded: {
      ...detail,
      testId,
      retry: row.retry,
      status: row.status,
      startedAt: row.started_at,
      durationMs: row.duration_ms,
    },
  };
}
