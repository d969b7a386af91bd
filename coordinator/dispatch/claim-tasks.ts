/** The claim: pending tasks of one run become assigned to workers, each with a new attempt, fence and lease, in one transaction. */
import type { Grant } from '../../shared/protocol/work.ts';
import type { WriteHandle } from '../storage/database.ts';
import { settledTestsOfShard, unsettledTests } from './held-task.ts';

/** Who takes a task, and how many slots the task gets there. */
export interface Taker {
  workerId: string;
  workerName: string;
  slots: number;
}

export interface ClaimInput {
  runId: string;
  /** Browser sets (`tasks.needs`) that all of these takers have; other tasks are left for others. */
  needs: readonly string[];
  /** At most so many. */
  limit: number;
  /** Who takes `count` tasks, the most urgent first. May be fewer than `count`. */
  takers: (count: number) => readonly Taker[];
  leaseMs: number;
  /** Only this task, for workers that ask for it by its id. */
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
  work: Grant['work'];
}

interface PendingRow {
  id: string;
  kind: 'discover' | 'shard' | 'units';
  shard_index: number | null;
  shard_total: number | null;
  attempt: number;
  timeout_ms: number;
}

/** One writer at a time: between this read and these writes nobody else claims, so no task is claimed twice. */
export async function claimTasks(w: WriteHandle, input: ClaimInput, now: number): Promise<Claim[]> {
  const rows = await pendingTasks(w, input);
  const takers = rows.length === 0 ? [] : input.takers(rows.length);
  const claims: Claim[] = [];
  for (const [i, taker] of takers.entries()) {
    const row = rows[i];
    if (row) claims.push(await claimOne(w, row, taker, input, now));
  }
  return claims;
}

async function claimOne(w: WriteHandle, row: PendingRow, taker: Taker, input: ClaimInput, now: number): Promise<Claim> {
  const { runId, leaseMs } = input;
  const attempt = row.attempt + 1;
  const granted = await w.get<{ fence: number }>(
    'INSERT INTO task_attempts (task_id, attempt, worker_id, granted_at) VALUES (?, ?, ?, ?) RETURNING fence',
    [row.id, attempt, taker.workerId, now],
  );
  if (!granted) throw new Error('an inserted attempt has no fence');
  const { fence } = granted;
  await w.run(
    `UPDATE tasks SET state = 'assigned', reason = NULL, attempt = ?, worker_id = ?, fence = ?, lease_until = ?, assigned_at = ?, started_at = NULL
     WHERE id = ? AND state = 'pending'`,
    [attempt, taker.workerId, fence, now + leaseMs, now, row.id],
  );
  const work = await workOf(w, row);
  await w.event({
    type: 'task.granted',
    runId,
    workerId: taker.workerId,
    taskId: row.id,
    data: {
      attempt,
      fence,
      slots: taker.slots,
      worker: taker.workerName,
      kind: row.kind,
      shard_index: row.shard_index,
      tests: work.kind === 'units' ? work.testIds.length : 0,
    },
  });
  return {
    taskId: row.id,
    runId,
    workerId: taker.workerId,
    attempt,
    fence,
    timeoutMs: row.timeout_ms,
    slots: taker.slots,
    work,
  };
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
      return { kind: 'units', testIds: await unsettledTests(w, { id: row.id, kind: row.kind }) };
  }
}

const columns = 'id, kind, shard_index, shard_total, attempt, timeout_ms';

async function pendingTasks(w: WriteHandle, input: ClaimInput): Promise<PendingRow[]> {
  const needs = JSON.stringify(input.needs);
  if (input.taskId !== undefined) {
    return w.all(
      `SELECT ${columns} FROM tasks WHERE id = ? AND run_id = ? AND state = 'pending' AND needs IN (SELECT value FROM json_each(?))`,
      [input.taskId, input.runId, needs],
    );
  }
  return w.all(
    `SELECT ${columns} FROM tasks WHERE run_id = ? AND state = 'pending' AND needs IN (SELECT value FROM json_each(?))
     ORDER BY priority DESC, seq LIMIT ?`,
    [input.runId, needs, input.limit],
  );
}
