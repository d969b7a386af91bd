/**
 * The usual end of a task, for any number of them at once: the process finished, everything ordered has its outcome, nothing is to be
 * judged. What does not fit is left to finishTask(), which looks at one task at a time.
 */
import type { ProcessEnd } from '../../shared/protocol/work.ts';
import { goOn } from '../runs/close-run.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { GrantName } from './begin-task.ts';
import { endRacersOf } from './end-racer.ts';
import { reportHashOf } from './report-hash.ts';

export interface FinishedGrant extends GrantName {
  end: ProcessEnd;
}

interface Done {
  id: string;
  run_id: string;
  worker_id: string;
  attempt: number;
  fence: number;
  started_at: number | null;
  assigned_at: number;
}

/** Completes those of the grants of which nothing is left to judge; returns their fences. */
export async function completeTasks(
  w: WriteHandle,
  grants: readonly FinishedGrant[],
  now: number,
): Promise<Set<number>> {
  // A report may come twice in one batch: the first is carried out, the second is answered as one that came again.
  const first = new Map(grants.toReversed().map((grant) => [grant.fence, grant]));
  const plain = [...first.values()].filter(
    ({ end }) => end.how === 'finished' && end.message === null && end.notRun.length === 0,
  );
  if (plain.length === 0) return new Set();
  const done = await nothingLeft(w, plain);
  if (done.length === 0) return new Set();
  const fences = new Set(done.map((task) => task.fence));
  await endAttempts(w, plain, new Map(done.map((task) => [task.fence, task.started_at])), now);
  await w.run(
    `UPDATE tasks SET state = 'completed', reason = NULL, completed_at = ?, lease_until = NULL
     FROM json_each(?) g WHERE tasks.id = g.value ->> 0 AND tasks.fence = g.value ->> 1`,
    [now, JSON.stringify(done.map((task) => [task.id, task.fence]))],
  );
  await countForWorkers(w, done, now);
  for (const { id, run_id, worker_id, attempt, fence } of done) {
    const data = { attempt, fence, state: 'completed', reason: null };
    await w.event({ type: 'task.finished', runId: run_id, workerId: worker_id, taskId: id, data });
  }
  await endRacersOf(
    w,
    done.map((task) => task.id),
    now,
  );
  await countForRuns(w, done, now);
  return fences;
}

/** Of grants that are held: those without a submitted summary to count and without a test that has no outcome. */
function nothingLeft(w: WriteHandle, grants: readonly FinishedGrant[]): Promise<Done[]> {
  return w.all(
    `SELECT t.id, t.run_id, t.worker_id, t.attempt, t.fence, t.started_at, t.assigned_at
     FROM json_each(?) g CROSS JOIN tasks t ON t.id = g.value ->> 0 CROSS JOIN task_attempts a ON a.fence = t.fence
     WHERE t.fence = g.value ->> 1 AND t.worker_id = g.value ->> 2 AND t.state IN ('assigned', 'running') AND t.kind <> 'discover'
       AND a.ended IS NULL AND a.metrics IS NULL AND t.race_of IS NULL
       AND NOT EXISTS (SELECT 1 FROM tests WHERE task_id = t.id AND outcome IS NULL AND supporting = 0)
       AND (t.kind = 'shard' OR NOT EXISTS (
         SELECT 1 FROM units u JOIN tests x ON x.run_id = u.run_id AND x.unit_no = u.no WHERE u.task_id = t.id AND x.outcome IS NULL))`,
    [JSON.stringify(grants.map((grant) => [grant.taskId, grant.fence, grant.workerId]))],
  );
}

async function endAttempts(
  w: WriteHandle,
  grants: readonly FinishedGrant[],
  startedAt: ReadonlyMap<number, number | null>,
  now: number,
): Promise<void> {
  const ended = grants.filter((grant) => startedAt.has(grant.fence));
  const rows = ended.map(({ fence, end }) => [
    fence,
    reportHashOf(end),
    end.exitCode,
    Math.round(end.wallMs),
    end.peakMemoryBytes,
    end.meanCpuPercent,
    end.blobSha256,
    startedAt.get(fence) ?? null,
  ]);
  await w.run(
    `UPDATE task_attempts SET ended = 'completed', ended_at = ?, report_hash = g.value ->> 1, exit_code = g.value ->> 2,
       wall_ms = g.value ->> 3, peak_memory_bytes = g.value ->> 4, mean_cpu_percent = g.value ->> 5, blob_sha256 = g.value ->> 6, started_at = g.value ->> 7
     FROM json_each(?) g WHERE task_attempts.fence = g.value ->> 0`,
    [now, JSON.stringify(rows)],
  );
}

async function countForWorkers(w: WriteHandle, done: readonly Done[], now: number): Promise<void> {
  const totals = new Map<string, { completed: number; ms: number }>();
  for (const task of done) {
    const total = totals.get(task.worker_id) ?? { completed: 0, ms: 0 };
    totals.set(task.worker_id, {
      completed: total.completed + 1,
      ms: total.ms + now - (task.started_at ?? task.assigned_at),
    });
  }
  await w.run(
    `UPDATE workers SET total_completed = total_completed + (g.value ->> 1), total_duration_ms = total_duration_ms + (g.value ->> 2)
     FROM json_each(?) g WHERE workers.id = g.value ->> 0`,
    [JSON.stringify([...totals].map(([id, total]) => [id, total.completed, total.ms]))],
  );
}

async function countForRuns(w: WriteHandle, done: readonly Done[], now: number): Promise<void> {
  const finished = new Map<string, number>();
  for (const { run_id } of done) finished.set(run_id, (finished.get(run_id) ?? 0) + 1);
  for (const [runId, count] of finished) {
    await w.run('UPDATE runs SET tasks_finished = tasks_finished + ? WHERE id = ?', [count, runId]);
    await goOn(w, runId, now);
  }
}
