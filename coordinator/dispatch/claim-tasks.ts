/** The claim: pending tasks of one run become assigned to workers, each with a new attempt, fence and lease, in one transaction. */
import type { Grant } from '../../shared/protocol/work.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { Demand } from './active-runs.ts';
import { settledTestsOfShard, unsettledTests } from './held-task.ts';

/** Who takes a task, and how many slots the task gets there. */
export interface Taker {
  workerId: string;
  workerName: string;
  slots: number;
}

export interface ClaimInput {
  runId: string;
  /** What the tasks ask for: all of these takers have it; other tasks are left for others. */
  demand: Demand;
  /** At most so many. */
  limit: number;
  /** Who takes `count` tasks, the most urgent first. May be fewer than `count`. */
  takers: (count: number) => readonly Taker[];
  leaseMs: number;
  /** Only this task: one that is asked for by its id. Without, only tasks of which nothing failed (escalated ones are placed with care). */
  taskId?: string;
}

export interface Claim {
  taskId: string;
  runId: string;
  workerId: string;
  attempt: number;
  fence: number;
  timeoutMs: number;
  slots: number;
  /** Browsers that its tests use, joined by commas; '' = none known. */
  needs: string;
  work: Grant['work'];
}

interface PendingRow {
  id: string;
  kind: 'discover' | 'shard' | 'units';
  shard_index: number | null;
  shard_total: number | null;
  attempt: number;
  timeout_ms: number;
  needs: string;
  race_of: string | null;
}

/** One writer at a time: between this read and these writes nobody else claims, so no task is claimed twice. */
export async function claimTasks(w: WriteHandle, input: ClaimInput, now: number): Promise<Claim[]> {
  const rows = await pendingTasks(w, input);
  const takers = rows.length === 0 ? [] : input.takers(rows.length);
  const taken = takers.flatMap((taker, i) => {
    const row = rows[i];
    return row ? [{ row, taker, attempt: row.attempt + 1 }] : [];
  });
  const fences = await grantAll(w, taken, input, now);
  const asked = { cpus: input.demand.cpus, memory_bytes: input.demand.memoryBytes };
  const claims: Claim[] = [];
  for (const { row, taker, attempt } of taken) {
    const fence = fences.get(row.id);
    if (fence === undefined) throw new Error('an inserted attempt has no fence');
    const work = await workOf(w, row);
    const { workerId, workerName, slots } = taker;
    const { kind, shard_index } = row;
    const tests = work.kind === 'units' ? work.testIds.length : 0;
    const data = {
      attempt,
      fence,
      slots,
      worker: workerName,
      kind,
      shard_index,
      tests,
      needs: row.needs,
      race_of: row.race_of,
      ...asked,
    };
    await w.event({ type: 'task.granted', runId: input.runId, workerId, taskId: row.id, data });
    claims.push({
      taskId: row.id,
      runId: input.runId,
      workerId,
      attempt,
      fence,
      timeoutMs: row.timeout_ms,
      slots,
      needs: row.needs,
      work,
    });
  }
  return claims;
}

/** Two statements for any number of grants. Returns the fence of each task. */
async function grantAll(
  w: WriteHandle,
  taken: readonly { row: PendingRow; taker: Taker; attempt: number }[],
  { demand: { cpus, memoryBytes }, leaseMs }: Pick<ClaimInput, 'demand' | 'leaseMs'>,
  now: number,
): Promise<Map<string, number>> {
  if (taken.length === 0) return new Map();
  const granted = await w.all<{ task_id: string; fence: number; attempt: number; worker_id: string }>(
    `INSERT INTO task_attempts (task_id, attempt, worker_id, slots, cpus, memory_bytes, granted_at)
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, ? * (value ->> 3), ? * (value ->> 3), ? FROM json_each(?)
     ORDER BY key RETURNING task_id, fence, attempt, worker_id`,
    [
      cpus,
      memoryBytes,
      now,
      JSON.stringify(taken.map(({ row, taker, attempt }) => [row.id, attempt, taker.workerId, taker.slots])),
    ],
  );
  await w.run(
    `UPDATE tasks SET state = 'assigned', reason = NULL, attempt = g.value ->> 1, worker_id = g.value ->> 2, fence = g.value ->> 3,
       lease_until = ?, assigned_at = ?, started_at = NULL
     FROM json_each(?) g WHERE tasks.id = g.value ->> 0 AND tasks.state = 'pending'`,
    [now + leaseMs, now, JSON.stringify(granted.map((row) => [row.task_id, row.attempt, row.worker_id, row.fence]))],
  );
  return new Map(granted.map((row) => [row.task_id, row.fence]));
}

async function workOf(w: WriteHandle, row: PendingRow): Promise<Grant['work']> {
  switch (row.kind) {
    case 'discover':
      return { kind: 'discover' };
    case 'shard':
      return {
        kind: 'shard',
        index: row.shard_index ?? 1,
        total: row.shard_total ?? 1,
        settledTestIds: row.attempt === 0 ? [] : await settledTestsOfShard(w, row.id),
      };
    case 'units':
      return { kind: 'units', testIds: await unsettledTests(w, { id: row.id, kind: row.kind, raceOf: row.race_of }) };
  }
}

const columns = 'id, kind, shard_index, shard_total, attempt, timeout_ms, needs, race_of';

async function pendingTasks(w: WriteHandle, input: ClaimInput): Promise<PendingRow[]> {
  const { needs, cpus, memoryBytes } = input.demand;
  const same = 'needs = ? AND cpus = ? AND memory_bytes = ?';
  if (input.taskId !== undefined) {
    return w.all(
      `SELECT ${columns} FROM tasks WHERE id = ? AND run_id = ? AND state = 'pending' AND waits = 0 AND ${same}`,
      [input.taskId, input.runId, needs, cpus, memoryBytes],
    );
  }
  return w.all(
    `SELECT ${columns} FROM tasks WHERE run_id = ? AND state = 'pending' AND waits = 0 AND escalated = 0 AND ${same}
     ORDER BY priority DESC, seq LIMIT ?`,
    [input.runId, needs, cpus, memoryBytes, input.limit],
  );
}
