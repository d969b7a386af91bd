/** A process has given tests back that it had not begun: they become a task of their own, for a slot that has nothing to do. */
import { addTasks } from '../runs/add-tasks.ts';
import type { WriteHandle } from '../storage/database.ts';
import { whyStale, type GrantName } from './begin-task.ts';
import { standingOf } from './held-task.ts';
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
  if (await isRaced(w, task.id)) return { result: 'accepted' };
  const units = await wholeUnits(w, task.id, grant.testIds);
  // The same report again, or nothing was given back.
  if (units.length === 0) return { result: 'accepted' };
  const settings = await w.get<{
    needs: string;
    cpus: number;
    memory_bytes: number;
    timeout_ms: number;
    group_no: number | null;
  }>('SELECT needs, cpus, memory_bytes, timeout_ms, group_no FROM tasks WHERE id = ?', [task.id]);
  const { needs = '', cpus = 0, memory_bytes: memoryBytes = 0 } = settings ?? {};
  const [newTask] = await addTasks(
    w,
    { runId: task.runId, maxRetries: task.maxRetries, timeoutMs: settings?.timeout_ms ?? 0 },
    [{ kind: 'units', needs, cpus, memoryBytes, groupNo: settings?.group_no ?? null }],
    now,
  );
  await w.run(
    'UPDATE units SET task_id = ? WHERE run_id = ? AND task_id = ? AND no IN (SELECT value FROM json_each(?))',
    [newTask ?? null, task.runId, task.id, JSON.stringify(units.map((unit) => unit.no))],
  );
  await w.event({
    type: 'task.split',
    runId: task.runId,
    workerId: task.workerId,
    taskId: task.id,
    data: {
      attempt: task.attempt,
      fence: task.fence,
      to_task_id: newTask,
      tests: units.reduce((sum, unit) => sum + unit.tests, 0),
      expected_ms: Math.round(units.reduce((sum, unit) => sum + unit.expected_ms, 0)),
    },
  });
  return { result: 'accepted' };
}

async function isRaced(w: WriteHandle, taskId: string): Promise<boolean> {
  return (
    (await w.get(`SELECT 1 AS found FROM tasks WHERE race_of = ? AND state IN ('assigned', 'running')`, [taskId])) !==
    undefined
  );
}

/** Units of the task of which every test is among `testIds` and none has an outcome. */
function wholeUnits(
  w: WriteHandle,
  taskId: string,
  testIds: readonly string[],
): Promise<{ no: number; expected_ms: number; tests: number }[]> {
  return w.all(
    `SELECT u.no, u.expected_ms, count(*) AS tests FROM units u JOIN tests t ON t.run_id = u.run_id AND t.unit_no = u.no
     WHERE u.task_id = ? GROUP BY u.no
     HAVING sum(t.outcome IS NOT NULL OR t.test_id NOT IN (SELECT value FROM json_each(?))) = 0`,
    [taskId, JSON.stringify(testIds)],
  );
}
