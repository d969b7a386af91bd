/** Adds a run that has ended to the figures of its day: what analytics reads, so that looking back costs days and not results. */
import type { WriteHandle } from '../storage/database.ts';

const DAY_MS = 86_400_000;

/** Once per run, when it has its last outcome. `now`: its end. */
export async function rollUp(w: WriteHandle, runId: string, projectId: string, now: number): Promise<void> {
  const day = Math.floor(now / DAY_MS);
  await w.run(
    `INSERT INTO test_days (project_id, day, test_id, expected, unexpected, flaky, skipped, ran, total_ms, max_ms)
     SELECT ?, ?, test_id, outcome = 'expected', outcome = 'unexpected', outcome = 'flaky', outcome = 'skipped', ran,
       iif(ran, duration_ms, 0.0), iif(ran, duration_ms, 0.0)
     FROM (SELECT test_id, outcome, attempts > 0 AND outcome <> 'skipped' AS ran, CAST(duration_ms AS REAL) AS duration_ms FROM tests
       WHERE run_id = ? AND supporting = 0 AND outcome IS NOT NULL) WHERE true
     ON CONFLICT (project_id, day, test_id) DO UPDATE SET expected = expected + excluded.expected, unexpected = unexpected + excluded.unexpected,
       flaky = flaky + excluded.flaky, skipped = skipped + excluded.skipped, ran = ran + excluded.ran,
       total_ms = total_ms + excluded.total_ms, max_ms = max(max_ms, excluded.max_ms)`,
    [projectId, day, runId],
  );
  await w.run(
    `INSERT INTO worker_days (worker_id, day, project_id, tests, unexpected, flaky, tests_ms)
     SELECT a.worker_id, ?, ?, count(*), sum(t.outcome = 'unexpected'), sum(t.outcome = 'flaky'), sum(CAST(t.duration_ms AS REAL))
     FROM tests t JOIN task_attempts a ON a.fence = t.fence WHERE t.run_id = ? AND t.supporting = 0 AND t.attempts > 0 GROUP BY a.worker_id
     ON CONFLICT (worker_id, day, project_id) DO UPDATE SET tests = tests + excluded.tests, unexpected = unexpected + excluded.unexpected,
       flaky = flaky + excluded.flaky, tests_ms = tests_ms + excluded.tests_ms`,
    [day, projectId, runId],
  );
  await w.run(
    `INSERT INTO failure_days (project_id, day, cluster, unexpected, flaky, runs, first_at, last_at, last_run_id)
     SELECT ?, ?, cluster, sum(outcome = 'unexpected'), sum(outcome = 'flaky'), 1, min(settled_at), max(settled_at), run_id
     FROM tests WHERE run_id = ? AND cluster IS NOT NULL GROUP BY cluster
     ON CONFLICT (project_id, day, cluster) DO UPDATE SET unexpected = unexpected + excluded.unexpected, flaky = flaky + excluded.flaky,
       runs = runs + 1, first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
       last_run_id = iif(excluded.last_at >= last_at, excluded.last_run_id, last_run_id)`,
    [projectId, day, runId],
  );
}
