/** Adds pending tasks to a run. One statement for all of them: a run may have 100,000. */
import { newId } from '../../shared/base/id.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { Asked } from './rules/asks.ts';

export interface NewTask extends Asked {
  kind: 'discover' | 'shard' | 'units';
  shardIndex?: number;
  shardTotal?: number;
  /** See `tasks.needs`. */
  needs: string;
  /** See `tasks.group_no`; left out: in none. */
  groupNo?: number | null;
  /** Its group may not begin yet. */
  waits?: boolean;
}

/** Returns the new tasks' ids, in the order given. */
export async function addTasks(
  w: WriteHandle,
  run: { runId: string; maxRetries: number; timeoutMs: number },
  tasks: readonly NewTask[],
  now: number,
): Promise<string[]> {
  const ids = tasks.map(() => newId(now));
  const last = await w.get<{ seq: number | null }>('SELECT max(seq) AS seq FROM tasks WHERE run_id = ?', [run.runId]);
  const firstSeq = (last?.seq ?? -1) + 1;
  const rows = tasks.map((task, i) => [
    ids[i],
    firstSeq + i,
    task.kind,
    task.shardIndex ?? null,
    task.shardTotal ?? null,
    task.needs,
    task.groupNo ?? null,
    task.waits ? 1 : 0,
    task.cpus,
    task.memoryBytes,
  ]);
  await w.run(
    `INSERT INTO tasks (id, run_id, seq, kind, shard_index, shard_total, needs, group_no, waits, cpus, memory_bytes, state, max_retries,
       timeout_ms, created_at)
     SELECT value ->> 0, ?, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9,
       'pending', ?, ?, ? FROM json_each(?)`,
    [run.runId, run.maxRetries, run.timeoutMs, now, JSON.stringify(rows)],
  );
  await w.run('UPDATE runs SET tasks_total = tasks_total + ? WHERE id = ?', [tasks.length, run.runId]);
  return ids;
}
