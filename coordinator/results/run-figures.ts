/** Figures over the counted attempts of a run (REQUIREMENTS C1). */
import { z } from 'zod';
import { durationFigures } from '../../shared/model/percentiles.ts';
import type { ReadHandle } from '../storage/database.ts';

export const runFiguresShape = z.object({
  /** Per test, over those that ran; null where none did yet. */
  test_durations: z
    .object({ mean_ms: z.number(), p50_ms: z.number(), p95_ms: z.number(), p99_ms: z.number() })
    .nullable(),
  /** Sum over all counted attempts: what one machine with one slot would have taken, at least. */
  tests_duration_ms: z.number(),
  peak_memory_bytes: z.int().nullable(),
  mean_cpu_percent: z.number().nullable(),
  slowest: z.array(
    z.object({
      test_id: z.string(),
      title: z.string(),
      project: z.string(),
      file: z.string(),
      duration_ms: z.number(),
    }),
  ),
});

export async function runFigures(r: ReadHandle, runId: string): Promise<z.infer<typeof runFiguresShape>> {
  const tests = await r.all<{ test_id: string; project: string; file: string; title: string; duration_ms: number }>(
    `SELECT test_id, project, file, plan ->> '$.titlePath' AS title, duration_ms FROM tests
     WHERE run_id = ? AND attempts > 0 AND outcome <> 'skipped' ORDER BY duration_ms DESC`,
    [runId],
  );
  const processes = await r.get<{ peak: number | null; cpu: number | null }>(
    `SELECT max(a.peak_memory_bytes) AS peak, sum(a.mean_cpu_percent * a.wall_ms) / nullif(sum(CASE WHEN a.mean_cpu_percent IS NOT NULL THEN a.wall_ms END), 0) AS cpu
     FROM tasks t JOIN task_attempts a ON a.task_id = t.id WHERE t.run_id = ?`,
    [runId],
  );
  return {
    test_durations: durationFigures(tests.map((test) => test.duration_ms)),
    tests_duration_ms: tests.reduce((sum, test) => sum + test.duration_ms, 0),
    peak_memory_bytes: processes?.peak ?? null,
    mean_cpu_percent: processes?.cpu ?? null,
    slowest: tests.slice(0, 10).map((test) => ({ ...test, title: (JSON.parse(test.title) as string[]).join(' › ') })),
  };
}
