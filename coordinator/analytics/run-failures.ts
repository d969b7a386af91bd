/** The failed and flaky tests of a run, grouped by their error. */
import { failureCluster, wholeError, type FailureCluster } from '../../shared/model/failure-cluster.ts';
import type { FailureClusters } from '../../shared/protocol/rest/analysis.ts';
import type { StoredPlan } from '../results/queries.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { oneByOne } from '../storage/in-parts.ts';

/** A run with more failures than this has one cause, not thousands. */
const MOST_READ = 2_000;
const MOST_CLUSTERS = 200;
const MOST_TESTS = 200;
/** Details of attempts are long: so many are read at once. */
const DETAILS = 50;

interface FailedRow {
  test_id: string;
  project: string;
  file: string;
  plan: string;
  outcome: 'unexpected' | 'flaky';
  attempts: number;
  duration_ms: number | null;
  note: string | null;
  cluster: string | null;
  title: string | null;
  worker: string | null;
}

type Cluster = FailureClusters['clusters'][number];
type Failed = Cluster['tests'][number];

export async function readFailures(
  db: Database,
  run: { id: string; number: number; unexpected: number; flaky: number },
): Promise<FailureClusters> {
  const rows = await db.read((r) => failedTests(r, run.id));
  const clusters = await clustersOf(db, run.id, rows);
  const groups = [...Map.groupBy(rows, (row) => clusters.get(row.test_id)?.id ?? '')]
    .map(([id, members]) => ({ id, members, unexpected: members.filter((row) => row.outcome === 'unexpected').length }))
    .sort((a, b) => b.unexpected - a.unexpected || b.members.length - a.members.length)
    .slice(0, MOST_CLUSTERS);
  return {
    test_run_id: run.id,
    number: run.number,
    total: run.unexpected + run.flaky,
    counted: rows.length,
    clusters: await oneByOne(groups, async ({ id, members, unexpected }) => {
      const [first] = members;
      const errors = first ? await db.read((r) => errorsOf(r, run.id, [first.test_id])) : new Map<string, string>();
      const title = clusters.get(first?.test_id ?? '')?.title ?? '';
      return {
        cluster: id,
        title,
        example: errors.get(first?.test_id ?? '') ?? first?.note ?? title,
        unexpected,
        flaky: members.length - unexpected,
        workers: [...new Set(members.flatMap(({ worker }) => worker ?? []))].sort(),
        tests: members.slice(0, MOST_TESTS).map(toTest),
      };
    }),
  };
}

/** Those that failed first, in the order of the suite. */
function failedTests(r: ReadHandle, runId: string): Promise<FailedRow[]> {
  return r.all(
    `SELECT t.test_id, t.project, t.file, t.plan, t.outcome, coalesce(t.attempts, 0) AS attempts, t.duration_ms, t.note, t.cluster, c.title,
       w.hostname AS worker
     FROM tests t LEFT JOIN clusters c ON c.id = t.cluster LEFT JOIN task_attempts a ON a.fence = t.fence LEFT JOIN workers w ON w.id = a.worker_id
     WHERE t.run_id = ? AND t.outcome IN ('unexpected', 'flaky') ORDER BY t.outcome = 'flaky', t.no LIMIT ?`,
    [runId, MOST_READ],
  );
}

/** As stored; of tests from before there were clusters, from their errors. */
async function clustersOf(
  db: Database,
  runId: string,
  rows: readonly FailedRow[],
): Promise<ReadonlyMap<string, FailureCluster>> {
  const known = new Map<string, FailureCluster>();
  const unknown: FailedRow[] = [];
  for (const row of rows) {
    if (row.cluster === null || row.title === null) unknown.push(row);
    else known.set(row.test_id, { id: row.cluster, title: row.title });
  }
  for (let i = 0; i < unknown.length; i += DETAILS) {
    const part = unknown.slice(i, i + DETAILS);
    const [errors] = await oneByOne([part.map((row) => row.test_id)], (ids) => db.read((r) => errorsOf(r, runId, ids)));
    for (const row of part) known.set(row.test_id, failureCluster(errors?.get(row.test_id) ?? row.note ?? ''));
  }
  return known;
}

/** Of the last counted attempt that had an error. */
async function errorsOf(r: ReadHandle, runId: string, testIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await r.all<{ test_id: string; first: string; second: string | null }>(
    `SELECT x.test_id, x.detail ->> '$.errors[0].message' AS first, x.detail ->> '$.errors[1].message' AS second
     FROM json_each(?) i CROSS JOIN tests t ON t.run_id = ? AND t.test_id = i.value
       JOIN test_attempts x ON x.run_id = t.run_id AND x.test_id = t.test_id AND x.fence = t.fence
     WHERE x.detail ->> '$.errors[0].message' IS NOT NULL ORDER BY x.retry`,
    [JSON.stringify(testIds), runId],
  );
  return new Map(rows.map((row) => [row.test_id, wholeError(row.first, row.second) ?? row.first]));
}

function toTest({ test_id, project, file, plan, outcome, attempts, duration_ms, worker }: FailedRow): Failed {
  const { titlePath, line } = JSON.parse(plan) as StoredPlan;
  return { test_id, title: titlePath.join(' › '), project, file, line, outcome, attempts, duration_ms, worker };
}
