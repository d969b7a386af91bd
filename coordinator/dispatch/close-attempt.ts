/** Closes the row of a grant that has ended: how, why, and what its worker measured. */
import type { WriteHandle } from '../storage/database.ts';
import type { HeldTask } from './held-task.ts';
import type { Verdict } from './rules/task-state.ts';

export interface AttemptFigures {
  reportHash?: string;
  exitCode?: number | null;
  wallMs?: number;
  peakMemoryBytes?: number | null;
  meanCpuPercent?: number | null;
  blobSha256?: string | null;
  errorStack?: string | null;
  /** A further try cannot help: the whole run is failed at once. */
  permanent?: boolean;
  /** How carefully the next worker is chosen (`tasks.escalated`); left as it is without. */
  escalated?: 0 | 1 | 2;
}

export async function closeAttempt(
  w: WriteHandle,
  task: HeldTask,
  { ended, reason }: Pick<Verdict, 'ended' | 'reason'>,
  figures: AttemptFigures,
  now: number,
): Promise<void> {
  await w.run(
    `UPDATE task_attempts SET ended = ?, ended_at = ?, reason = ?, report_hash = ?, exit_code = ?, wall_ms = ?, peak_memory_bytes = ?,
       mean_cpu_percent = ?, blob_sha256 = ?, started_at = ? WHERE fence = ? AND ended IS NULL`,
    [
      ended,
      now,
      reason,
      figures.reportHash ?? null,
      figures.exitCode ?? null,
      figures.wallMs === undefined ? null : Math.round(figures.wallMs),
      figures.peakMemoryBytes ?? null,
      figures.meanCpuPercent ?? null,
      figures.blobSha256 ?? null,
      task.startedAt,
      task.fence,
    ],
  );
}
