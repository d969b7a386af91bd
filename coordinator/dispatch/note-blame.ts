/** Who is to blame for an attempt that failed: noted with it, counted against its worker, and put right when more is known. */
import type { WriteHandle } from '../storage/database.ts';
import { judgeWorker } from './breakers.ts';
import type { FailureRules } from './failure-context.ts';
import type { HeldTask } from './held-task.ts';
import { blameFor } from './rules/blame.ts';

export interface Failed {
  /** Unsettled tests that were running. */
  suspects: readonly string[];
  permanent: boolean;
}

/** Call it when the attempt has ended and its incidents are stored. */
export async function noteBlame(
  w: WriteHandle,
  task: HeldTask,
  failed: Failed,
  rules: FailureRules,
  now: number,
): Promise<void> {
  const suspects = JSON.stringify(failed.suspects);
  const same = await w.get<{ machines: number }>(
    `SELECT count(DISTINCT coalesce(k.fingerprint, k.id)) AS machines FROM workers k
     WHERE coalesce(k.fingerprint, k.id) <> (SELECT coalesce(fingerprint, id) FROM workers WHERE id = ?) AND k.id IN (
       SELECT worker_id FROM task_attempts WHERE task_id = ? AND blame IS NOT NULL
       UNION SELECT worker_id FROM test_incidents WHERE run_id = ? AND test_id IN (SELECT value FROM json_each(?)))`,
    [task.workerId, task.id, task.runId, suspects],
  );
  // What ended in the same moment is the same failure.
  const others = await w.get<{ tasks: number }>(
    `SELECT count(DISTINCT a.task_id) AS tasks FROM task_attempts a JOIN workers k ON k.id = a.worker_id
     WHERE a.worker_id = ? AND a.blame IS NOT NULL AND a.blame <> 'test' AND a.task_id <> ?
       AND a.ended_at < ? AND a.ended_at >= max(?, k.breaker_from)`,
    [task.workerId, task.id, now, now - rules.breaker.windowMs],
  );
  const blame = blameFor({
    permanent: failed.permanent,
    failedElsewhere: same?.machines ?? 0,
    passedElsewhere: false,
    othersFailedHere: others?.tasks ?? 0,
  });
  await w.run(
    `UPDATE task_attempts SET blame = ?, completed_before = (SELECT total_completed FROM workers WHERE id = ?) WHERE fence = ?`,
    [blame, task.workerId, task.fence],
  );
  if (blame === 'test') {
    await w.run(
      `UPDATE task_attempts SET blame = 'test' WHERE blame <> 'test' AND (task_id = ? OR fence IN (
         SELECT fence FROM test_incidents WHERE run_id = ? AND test_id IN (SELECT value FROM json_each(?))))`,
      [task.id, task.runId, suspects],
    );
  } else await judgeWorker(w, task.workerId, rules.breaker, now);
}

/** Tasks that another worker has completed by these grants: earlier failures of them were their machines', unless a test was taken out. */
export async function clearTests(w: WriteHandle, fences: readonly number[]): Promise<void> {
  await w.run(
    `UPDATE task_attempts SET blame = ? FROM json_each(?) g JOIN task_attempts done ON done.fence = g.value
     WHERE done.ended = 'completed' AND task_attempts.task_id = done.task_id AND task_attempts.blame <> 'machine'
       AND task_attempts.worker_id <> done.worker_id AND NOT EXISTS (
         SELECT 1 FROM tasks t JOIN test_incidents i ON i.run_id = t.run_id AND i.fence = task_attempts.fence
           JOIN tests q ON q.run_id = i.run_id AND q.test_id = i.test_id AND q.quarantined_at IS NOT NULL
         WHERE t.id = task_attempts.task_id)`,
    [
      blameFor({ permanent: false, failedElsewhere: 0, passedElsewhere: true, othersFailedHere: 0 }),
      JSON.stringify(fences),
    ],
  );
}
