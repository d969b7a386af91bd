/** What a run teaches about its tests and machines: how long each test takes at speed 1, how often it fails, and how fast each worker was. */
import type { WriteHandle } from '../storage/database.ts';
import { learnSpeed } from './rules/learn-speed.ts';

/** How much one more run weighs against all that is known of a test's duration and of its failures: follows changes, is not led by one odd run. */
const NEWEST_WEIGHT = 0.3;
/** A duration that is further off counts as if it were so many times the mean: a hung server or a cached page is no change of the test. */
const FURTHEST = 3;

/** Speeds first: the durations are then kept as a machine of speed 1 would have needed. */
export async function learnDurations(w: WriteHandle, runId: string, projectId: string, now: number): Promise<void> {
  await learnSpeeds(w, runId, projectId);
  await w.run(
    `INSERT INTO test_history (project_id, test_id, runs, mean_ms, last_outcome, failure_rate, updated_at)
     SELECT ?, t.test_id, 1, t.duration_ms * coalesce(k.speed, 1), t.outcome,
       CASE t.outcome WHEN 'unexpected' THEN 1 WHEN 'flaky' THEN 0.5 ELSE 0 END, ? FROM tests t
       LEFT JOIN task_attempts a ON a.fence = t.fence LEFT JOIN workers k ON k.id = a.worker_id
     WHERE t.run_id = ? AND t.attempts > 0 AND t.outcome <> 'skipped' AND t.quarantined_at IS NULL
     ON CONFLICT (project_id, test_id) DO UPDATE SET
       runs = runs + 1, mean_ms = mean_ms + (min(max(excluded.mean_ms, mean_ms / ?), mean_ms * ? + 1) - mean_ms) * ?, last_outcome = excluded.last_outcome,
       failure_rate = failure_rate + (excluded.failure_rate - failure_rate) * ?, updated_at = excluded.updated_at`,
    [projectId, now, runId, FURTHEST, FURTHEST, NEWEST_WEIGHT, NEWEST_WEIGHT],
  );
}

/** From tests that passed at once and of which the duration was known: retries and time-outs say nothing about a machine. */
async function learnSpeeds(w: WriteHandle, runId: string, projectId: string): Promise<void> {
  const rows = await w.all<{ worker_id: string; speed: number; expected_ms: number; actual_ms: number; tests: number }>(
    `SELECT k.id AS worker_id, k.speed, sum(h.mean_ms) AS expected_ms, sum(t.duration_ms) AS actual_ms, count(*) AS tests
     FROM tests t JOIN test_history h ON h.project_id = ? AND h.test_id = t.test_id
       JOIN task_attempts a ON a.fence = t.fence JOIN workers k ON k.id = a.worker_id
     WHERE t.run_id = ? AND t.outcome = 'expected' AND t.attempts = 1 GROUP BY k.id`,
    [projectId, runId],
  );
  for (const row of rows) {
    const speed = learnSpeed(row.speed, { expectedMs: row.expected_ms, actualMs: row.actual_ms, tests: row.tests });
    await w.run('UPDATE workers SET speed = ? WHERE id = ?', [speed, row.worker_id]);
  }
}
