/** A process has given tests back that it had not begun: they become a task of their own, for a slot that has nothing to do. */
import type { WriteHandle } from '../storage/database.ts';
import { whyStale, type GrantName } from './begin-task.ts';
import { isRaced } from './end-racer.ts';
import { standingOf } from './held-task.ts';
import { splitOff, type MovedUnit } from './split-off.ts';
import type { ReportAnswer } from './report-answer.ts';

export async function splitTask(
  w: WriteHandle,
  grant: GrantName & { testIds: readonly string[] },
  now: number,
): Promise<ReportAnswer> {
  const found = await standingOf(w, grant.workerId, grant.taskId, grant.fence);
  if (found.standing !== 'held') return { result: 'stale', detail: whyStale(found) };
  const { task } = found;
  // Its racer runs all of it as well: what is given back is done there, and must not be handed out a third time.
  if (await isRaced(w, task)) return { result: 'accepted' };
  const units = await wholeUnits(w, task.id, grant.testIds);
  // The same report again, or nothing was given back.
  if (units.length === 0) return { result: 'accepted' };
  await splitOff(w, task, [units], now);
  return { result: 'accepted' };
}

/** Units of the task of which every test is among `testIds` and none has an outcome. */
function wholeUnits(w: WriteHandle, taskId: string, testIds: readonly string[]): Promise<MovedUnit[]> {
  return w.all(
    `SELECT u.no, u.expected_ms AS expectedMs, count(*) AS tests FROM units u JOIN tests t ON t.run_id = u.run_id AND t.unit_no = u.no
     WHERE u.task_id = ? GROUP BY u.no
     HAVING sum(t.outcome IS NOT NULL OR t.test_id NOT IN (SELECT value FROM json_each(?))) = 0`,
    [taskId, JSON.stringify(testIds)],
  );
}
