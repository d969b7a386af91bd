/** Reads what the Markdown report of a run says. */
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { runFigures } from '../results/run-figures.ts';
import { originOf } from '../runs/rules/origin.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { markdownReport, type MarkdownFacts } from './rules/markdown.ts';
import { readFailures } from './run-failures.ts';

/** `origin`: under which address this coordinator is known to who asks. */
export async function readMarkdown(db: Database, run: Run, origin: string): Promise<string> {
  const { unexpected, flaky } = run.tests;
  const failures = await readFailures(db, { id: run.id, number: run.number, unexpected, flaky });
  const { slowest } = await db.read((r) => runFigures(r, run.id));
  const machines = await db.read((r) => machinesOf(r, run.id));
  const { branch, commit } = originOf(JSON.stringify(run.metadata), run.source);
  return markdownReport({
    ...run,
    durationMs: run.duration_ms,
    branch,
    commit,
    failures,
    slowest,
    machines,
    reportUrl: run.report.state === 'ready' ? `${origin}${run.links.report}` : null,
  });
}

/** The most tests first. */
function machinesOf(r: ReadHandle, runId: string): Promise<MarkdownFacts['machines'][number][]> {
  return r.all(
    `SELECT coalesce(w.hostname, a.worker_id) AS worker, count(*) AS tests, sum(t.outcome = 'unexpected') AS unexpected,
       sum(t.duration_ms) AS tests_ms
     FROM tests t JOIN task_attempts a ON a.fence = t.fence LEFT JOIN workers w ON w.id = a.worker_id
     WHERE t.run_id = ? AND t.attempts > 0 GROUP BY a.worker_id ORDER BY tests DESC`,
    [runId],
  );
}
