/** Finding the grant that somebody speaks about, and whether it is still theirs. */
import type { ReadHandle } from '../storage/database.ts';

export interface HeldTask {
  id: string;
  runId: string;
  kind: 'discover' | 'shard' | 'units';
  state: string;
  attempt: number;
  fence: number;
  workerId: string;
  maxRetries: number;
  /** A polling worker has submitted a summary for this grant. */
  submitted: boolean;
  startedAt: number | null;
  assignedAt: number | null;
  /** The task that it races; null for ordinary tasks. */
  raceOf: string | null;
}

export type Standing =
  /** This worker holds this grant now. */
  | { standing: 'held'; task: HeldTask }
  /** It was this worker's and has ended; `reportHash` of the report that ended it, if one did. */
  | { standing: 'ended'; runId: string; taskId: string; ended: string; reportHash: string | null }
  /** No such grant, or another worker's. */
  | { standing: 'unknown' };

export async function standingOf(r: ReadHandle, workerId: string, taskId: string, fence: number): Promise<Standing> {
  const row = await r.get<{
    ended: string | null;
    report_hash: string | null;
    submitted: number;
    worker_id: string;
    run_id: string;
    kind: HeldTask['kind'];
    state: string;
    attempt: number;
    fence: number | null;
    max_retries: number;
    started_at: number | null;
    assigned_at: number | null;
    race_of: string | null;
  }>(
    `SELECT a.ended, a.report_hash, a.metrics IS NOT NULL AS submitted, a.worker_id, t.run_id, t.kind, t.state, t.attempt, t.fence, t.max_retries, t.started_at, t.assigned_at, t.race_of
     FROM task_attempts a JOIN tasks t ON t.id = a.task_id WHERE a.fence = ? AND a.task_id = ?`,
    [fence, taskId],
  );
  if (!row || row.worker_id !== workerId) return { standing: 'unknown' };
  if (row.ended !== null || row.fence !== fence) {
    return { standing: 'ended', runId: row.run_id, taskId, ended: row.ended ?? 'lost', reportHash: row.report_hash };
  }
  return {
    standing: 'held',
    task: {
      id: taskId,
      runId: row.run_id,
      kind: row.kind,
      state: row.state,
      attempt: row.attempt,
      fence,
      workerId,
      maxRetries: row.max_retries,
      submitted: row.submitted === 1,
      startedAt: row.started_at,
      assignedAt: row.assigned_at,
      raceOf: row.race_of,
    },
  };
}

/** The newest grant of a task to a worker: what a polling worker means when it names no fence. */
export async function newestFence(r: ReadHandle, workerId: string, taskId: string): Promise<number | null> {
  const row = await r.get<{ fence: number }>(
    'SELECT fence FROM task_attempts WHERE task_id = ? AND worker_id = ? ORDER BY fence DESC LIMIT 1',
    [taskId, workerId],
  );
  return row?.fence ?? null;
}

/** Ids of the tests that a task has still to run, likely failures first where the run asks for that, then the longest unit; a racer's are those of its task. Supporting tests are never ordered. */
export async function unsettledTests(r: ReadHandle, task: Pick<HeldTask, 'id' | 'kind' | 'raceOf'>): Promise<string[]> {
  if (task.kind === 'discover') return [];
  const rows =
    task.kind === 'units'
      ? await r.all<{ test_id: string }>(
          `SELECT t.test_id FROM units u JOIN tests t ON t.run_id = u.run_id AND t.unit_no = u.no
           WHERE u.task_id = ? AND t.outcome IS NULL ORDER BY u.likelihood DESC, u.expected_ms DESC, u.no, t.no`,
          [task.raceOf ?? task.id],
        )
      : await r.all<{ test_id: string }>(
          'SELECT test_id FROM tests WHERE task_id = ? AND outcome IS NULL AND supporting = 0 ORDER BY no',
          [task.id],
        );
  return rows.map((row) => row.test_id);
}

/** Ids of the tests of a shard that need not run again. */
export async function settledTestsOfShard(r: ReadHandle, taskId: string): Promise<string[]> {
  const rows = await r.all<{ test_id: string }>(
    'SELECT test_id FROM tests WHERE task_id = ? AND outcome IS NOT NULL AND supporting = 0',
    [taskId],
  );
  return rows.map((row) => row.test_id);
}
