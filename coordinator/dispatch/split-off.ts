/** Units of a held task become tasks of their own, which ask for the same and stand in the same group. */
import { addTasks } from '../runs/add-tasks.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { HeldTask } from './held-task.ts';

export interface MovedUnit {
  no: number;
  tests: number;
  expectedMs: number;
}

/** One new pending task for each of `parts`, in their order; returns their ids. */
export async function splitOff(
  w: WriteHandle,
  task: HeldTask,
  parts: readonly (readonly MovedUnit[])[],
  now: number,
): Promise<string[]> {
  const row = await w.get<{
    needs: string;
    cpus: number;
    memory_bytes: number;
    timeout_ms: number;
    group_no: number | null;
  }>('SELECT needs, cpus, memory_bytes, timeout_ms, group_no FROM tasks WHERE id = ?', [task.id]);
  if (!row) throw new Error(`no task ${task.id}`);
  const { needs, cpus, memory_bytes: memoryBytes, group_no: groupNo } = row;
  const ids = await addTasks(
    w,
    { runId: task.runId, maxRetries: task.maxRetries, timeoutMs: row.timeout_ms },
    parts.map(() => ({ kind: 'units', needs, cpus, memoryBytes, groupNo })),
    now,
  );
  for (const [i, units] of parts.entries()) {
    const id = ids[i] ?? '';
    await w.run(
      'UPDATE units SET task_id = ? WHERE run_id = ? AND task_id = ? AND no IN (SELECT value FROM json_each(?))',
      [id, task.runId, task.id, JSON.stringify(units.map((unit) => unit.no))],
    );
    const tests = units.reduce((sum, unit) => sum + unit.tests, 0);
    const expectedMs = units.reduce((sum, unit) => sum + unit.expectedMs, 0);
    await tellSplit(w, task, { id, tests, expectedMs });
  }
  return ids;
}

/** Stores the event that tells of it. */
export async function tellSplit(
  w: WriteHandle,
  { runId, workerId, id: taskId, attempt, fence }: HeldTask,
  to: { id: string; tests: number; expectedMs: number },
): Promise<void> {
  const data = { attempt, fence, to_task_id: to.id, tests: to.tests, expected_ms: Math.round(to.expectedMs) };
  await w.event({ type: 'task.split', runId, workerId, taskId, data });
}
