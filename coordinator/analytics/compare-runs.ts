/** Reads two runs of a project, and what is different between them. */
import type { Comparison, TestChange } from '../../shared/protocol/rest/analysis.ts';
import type { StoredPlan } from '../results/queries.ts';
import { originOf } from '../runs/rules/origin.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { inParts, oneByOne } from '../storage/in-parts.ts';
import { compareRuns, type ChangedTest, type Side, type Threshold } from './rules/compare.ts';
import { storedSource } from '../runs/stored-source.ts';

export interface ComparableRun {
  id: string;
  number: number;
  created_at: number;
  name: string;
  project_id: string;
  metadata: string;
  source: string | null;
  started_at: number | null;
  completed_at: number | null;
}

const RUN = 'SELECT id, number, created_at, name, project_id, metadata, source, started_at, completed_at FROM runs';

export const readRun = (r: ReadHandle, id: string): Promise<ComparableRun | undefined> =>
  r.get(`${RUN} WHERE id = ?`, [id]);

/** The newest run of the same project before it that ended with results; undefined where there is none. */
export const runBefore = (r: ReadHandle, run: ComparableRun): Promise<ComparableRun | undefined> =>
  r.get(
    `${RUN} WHERE project_id = ? AND (created_at, number) < (?, ?) AND state IN ('completed', 'failed') AND tests_settled > 0
     ORDER BY created_at DESC, number DESC LIMIT 1`,
    [run.project_id, run.created_at, run.number],
  );

export interface ComparePage {
  change: TestChange | null;
  limit: number;
  offset: number;
}

/** One more item than `limit` where there are more. */
export async function compare(
  db: Database,
  run: ComparableRun,
  before: ComparableRun,
  threshold: Threshold,
  page: ComparePage,
): Promise<Omit<Comparison, 'next_cursor'>> {
  const sides = [await testsOf(db, run.id), await testsOf(db, before.id)] as const;
  const { changes, counts, unchanged } = compareRuns(...sides, threshold);
  const wanted = page.change === null ? changes : changes.filter(({ change }) => change === page.change);
  const items = await oneByOne(wanted.slice(page.offset, page.offset + page.limit), (changed) =>
    db.read((r) => describe(r, changed, run.id, before.id)),
  );
  return { run: toRun(run), with: toRun(before), counts, unchanged, items };
}

async function testsOf(db: Database, runId: string): Promise<Map<string, Side>> {
  const tests = new Map<string, Side>();
  await inParts<Side & { test_id: string }>(
    db,
    (r, after, limit) =>
      r.all(
        `SELECT test_id, no, outcome, coalesce(attempts, 0) AS attempts, duration_ms FROM tests
         WHERE run_id = ? AND test_id > ? AND supporting = 0 ORDER BY test_id LIMIT ?`,
        [runId, after?.test_id ?? '', limit],
      ),
    ({ test_id, ...side }) => tests.set(test_id, side),
  );
  return tests;
}

async function describe(r: ReadHandle, { test_id, change, now, before }: ChangedTest, runId: string, beforeId: string) {
  const row = await r.get<{ project: string; file: string; plan: string }>(
    'SELECT project, file, plan FROM tests WHERE run_id = ? AND test_id = ?',
    [now === null ? beforeId : runId, test_id],
  );
  const plan = JSON.parse(row?.plan ?? '{"titlePath":[],"line":0}') as StoredPlan;
  return {
    change,
    test_id,
    title: plan.titlePath.join(' › '),
    project: row?.project ?? '',
    file: row?.file ?? '',
    line: plan.line,
    now: now && toSide(now),
    before: before && toSide(before),
  };
}

const toSide = ({ outcome, attempts, duration_ms }: Side) => ({ outcome, attempts, duration_ms });

function toRun({ id, number, name, metadata, source, started_at, completed_at }: ComparableRun): Comparison['run'] {
  const { branch, commit } = originOf(metadata, storedSource(source));
  const duration = completed_at === null || started_at === null ? null : completed_at - started_at;
  return { id, number, name, branch, commit, duration_ms: duration };
}
