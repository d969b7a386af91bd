/** Reads what became of one test in the runs of a project. */
import type { TestOutcome } from '../../shared/protocol/playwright.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import type { TestHistory, TestResult } from '../../shared/protocol/rest/tests.ts';
import type { StoredPlan } from '../results/queries.ts';
import { originOf } from '../runs/rules/origin.ts';
import type { ReadHandle } from '../storage/database.ts';
import { storedSource } from '../runs/stored-source.ts';
import { figuresOf, lastChange, percentilesOf, sumsOf } from './rules/test-figures.ts';

/** Figures are over so many results at most: a few milliseconds of reading, and older ones tell of another test. */
const MOST_COUNTED = 500;

export interface ResultRow {
  run_id: string;
  number: number;
  run_name: string;
  outcome: TestOutcome;
  attempts: number;
  duration_ms: number | null;
  settled_at: number;
  worker_id: string | null;
  worker: string | null;
  metadata: string;
  source: string | null;
  environment: string | null;
}

/** Newest first. The index leads from the test to its runs in their order; runs of other projects with the same suite are passed over. */
export function readResults(r: ReadHandle, projectId: string, testId: string, limit: number): Promise<ResultRow[]> {
  return r.all<ResultRow>(
    `SELECT t.run_id, r.number, r.name AS run_name, t.outcome, coalesce(t.attempts, 0) AS attempts, t.duration_ms, t.settled_at,
       a.worker_id, w.hostname AS worker, r.metadata, r.source, r.environment
     FROM tests t INDEXED BY tests_by_test CROSS JOIN runs r ON r.id = t.run_id
       LEFT JOIN task_attempts a ON a.fence = t.fence LEFT JOIN workers w ON w.id = a.worker_id
     WHERE t.test_id = ? AND r.project_id = ? AND t.outcome IS NOT NULL ORDER BY t.run_id DESC LIMIT ?`,
    [testId, projectId, limit],
  );
}

export type Identity = Pick<TestHistory, 'test_id' | 'title' | 'title_path' | 'project' | 'file' | 'line' | 'tags'>;

/** As the newest run with it has it; null where there is none. */
export async function readIdentity(r: ReadHandle, projectId: string, testId: string): Promise<Identity | null> {
  const row = await r.get<{ project: string; file: string; plan: string }>(
    `SELECT t.project, t.file, t.plan FROM tests t INDEXED BY tests_by_test CROSS JOIN runs r ON r.id = t.run_id
     WHERE t.test_id = ? AND r.project_id = ? ORDER BY t.run_id DESC LIMIT 1`,
    [testId, projectId],
  );
  if (!row) return null;
  const { titlePath, line, tags } = JSON.parse(row.plan) as StoredPlan;
  const { project, file } = row;
  return { test_id: testId, title: titlePath.join(' › '), title_path: titlePath, project, file, line, tags };
}

/** null for a test that no run of the project has. `last`: how many results are answered one by one. */
export async function readTestHistory(
  r: ReadHandle,
  projectId: string,
  testId: string,
  last: number,
): Promise<TestHistory | null> {
  const identity = await readIdentity(r, projectId, testId);
  if (!identity) return null;
  const rows = await readResults(r, projectId, testId, MOST_COUNTED);
  const first = await r.get<{ run_id: string; number: number; created_at: number }>(
    `SELECT t.run_id, r.number, r.created_at FROM tests t INDEXED BY tests_by_test CROSS JOIN runs r ON r.id = t.run_id
     WHERE t.test_id = ? AND r.project_id = ? ORDER BY t.run_id LIMIT 1`,
    [testId, projectId],
  );
  const known = await r.get<{ mean_ms: number }>(
    'SELECT mean_ms FROM test_history WHERE project_id = ? AND test_id = ?',
    [projectId, testId],
  );
  if (!first) throw new Error(`test ${testId} has a newest run and no first one`);
  const change = lastChange(rows);
  return {
    ...identity,
    results: rows.slice(0, last).map(toResult),
    counted: rows.length,
    ...figuresOf(sumsOf(rows)),
    ...percentilesOf(rows),
    expected_ms: known?.mean_ms ?? null,
    first_seen: { run_id: first.run_id, number: first.number, at: isoTime(first.created_at) },
    last_changed: change && {
      run_id: change.at.run_id,
      number: change.at.number,
      at: isoTime(change.at.settled_at),
      from: change.from,
      to: change.at.outcome,
    },
    workers: perWorker(rows),
  };
}

function toResult({ metadata, source, settled_at, ...row }: ResultRow): TestResult {
  const { branch, commit } = originOf(metadata, storedSource(source));
  return { ...row, branch, commit, at: isoTime(settled_at) };
}

function perWorker(rows: readonly ResultRow[]): TestHistory['workers'] {
  return [...Map.groupBy(rows, (row) => row.worker_id)]
    .flatMap(([id, own]) => {
      if (id === null) return [];
      const { runs, unexpected, flaky, mean_ms } = figuresOf(sumsOf(own));
      return [{ worker_id: id, worker: own[0]?.worker ?? id, runs, unexpected, flaky, mean_ms }];
    })
    .sort((a, b) => b.unexpected - a.unexpected || b.flaky - a.flaky || b.runs - a.runs);
}
