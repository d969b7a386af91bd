/** Reads of tasks, in the shapes of the REST API. */
import { durationFigures } from '../../shared/model/percentiles.ts';
import type { Task } from '../../shared/protocol/rest/tasks.ts';
import type { Scope } from '../http/scope.ts';
import { findRunId } from '../runs/queries.ts';
import { iso } from '../runs/rules/run-figures.ts';
import type { ReadHandle } from '../storage/database.ts';
import type { Tables } from '../storage/tables.ts';
import { askPerson } from './rules/escalation.ts';
import { COSTS_RETRY } from './rules/task-state.ts';
import type { Selectable } from 'kysely';

type TaskRow = Selectable<Tables['tasks']> & { worker: string | null };
type AttemptRow = Selectable<Tables['task_attempts']> & { worker: string | null };

const selectTasks = (r: ReadHandle) =>
  r.query
    .selectFrom('tasks')
    .leftJoin('workers', 'workers.id', 'tasks.worker_id')
    .selectAll('tasks')
    .select('workers.hostname as worker');

/** Tasks of a run in their order; `after` is the seq of the last one of the page before. */
export async function listTasks(
  r: ReadHandle,
  runId: string,
  page: { limit: number; after: number | null },
): Promise<{ seq: number; task: Task }[]> {
  const rows = await selectTasks(r)
    .where('tasks.run_id', '=', runId)
    .where('tasks.seq', '>', page.after ?? -1)
    .orderBy('tasks.seq')
    .limit(page.limit)
    .execute();
  const tasks: { seq: number; task: Task }[] = [];
  for (const row of rows) tasks.push({ seq: row.seq, task: await toTask(r, row) });
  return tasks;
}

/** null for one of a run that the caller does not see. */
export async function getTask(r: ReadHandle, scope: Scope, id: string): Promise<Task | null> {
  const run = await r.get<{ run_id: string }>('SELECT run_id FROM tasks WHERE id = ?', [id]);
  if (!run || (await findRunId(r, scope, run.run_id)) === null) return null;
  const row = await selectTasks(r).where('tasks.id', '=', id).executeTakeFirst();
  return row ? toTask(r, row) : null;
}

async function toTask(r: ReadHandle, row: TaskRow): Promise<Task> {
  const attempts = await r.query
    .selectFrom('task_attempts')
    .leftJoin('workers', 'workers.id', 'task_attempts.worker_id')
    .selectAll('task_attempts')
    .select('workers.hostname as worker')
    .where('task_id', '=', row.id)
    .orderBy('fence')
    .execute();
  const tests = await testsOf(r, row);
  const last = attempts.at(-1);
  const count = (outcome: string) => tests.filter((test) => test.outcome === outcome).length;
  const submitted = last?.metrics
    ? (JSON.parse(last.metrics) as { submitted?: Submitted; custom?: Task['custom_metrics'] })
    : {};
  return {
    id: row.id,
    test_run_id: row.run_id,
    kind: row.kind,
    shard_index: row.shard_index,
    shard_total: row.shard_total,
    race_of: row.race_of,
    status: row.state,
    reason: row.reason,
    worker_id: row.worker_id,
    worker: row.worker,
    retry_count: attempts.filter((attempt) => attempt.ended !== null && COSTS_RETRY.includes(attempt.ended)).length,
    max_retries: row.max_retries,
    priority: row.priority,
    timeout_seconds: row.timeout_ms / 1000,
    // A worker that only submits a summary reports no single tests.
    tests_total: tests.length > 0 ? tests.length : sum(submitted.submitted),
    passed: tests.length > 0 ? count('expected') + count('flaky') : (submitted.submitted?.passed ?? 0),
    failed: tests.length > 0 ? count('unexpected') : (submitted.submitted?.failed ?? 0),
    skipped: tests.length > 0 ? count('skipped') : (submitted.submitted?.skipped ?? 0),
    flaky: tests.length > 0 ? count('flaky') : (submitted.submitted?.flaky ?? 0),
    assigned_at: iso(row.assigned_at),
    started_at: iso(row.started_at),
    heartbeat_at: iso(row.heartbeat_at),
    completed_at: iso(row.completed_at),
    duration_ms: row.completed_at === null || row.started_at === null ? null : row.completed_at - row.started_at,
    test_durations: durationFigures(
      tests.flatMap((test) => (test.duration_ms === null || test.attempts === 0 ? [] : [test.duration_ms])),
    ),
    peak_memory_bytes: last?.peak_memory_bytes ?? null,
    mean_cpu_percent: last?.mean_cpu_percent ?? null,
    error_message: row.error_message,
    error_stack: row.error_stack,
    custom_metrics: submitted.custom ?? null,
    attempts: attempts.map(toAttempt),
    ask: row.state === 'failed' || row.state === 'timeout' ? whatToDo(attempts) : null,
  };
}

function whatToDo(attempts: readonly AttemptRow[]): string {
  const failed = attempts.filter((attempt) => attempt.ended !== null && COSTS_RETRY.includes(attempt.ended));
  return askPerson(
    failed.map(({ worker, worker_id, reason, ended }) => ({
      name: worker ?? worker_id,
      reason: reason ?? ended ?? '',
    })),
  );
}

interface Submitted {
  passed: number;
  failed: number;
  skipped: number;
  flaky: number;
}

const sum = (submitted: Submitted | undefined) =>
  submitted ? submitted.passed + submitted.failed + submitted.skipped : 0;

async function testsOf(
  r: ReadHandle,
  row: TaskRow,
): Promise<{ outcome: string | null; duration_ms: number | null; attempts: number | null }[]> {
  if (row.kind === 'discover') return [];
  if (row.kind === 'shard')
    return r.all('SELECT outcome, duration_ms, attempts FROM tests WHERE task_id = ? AND supporting = 0', [row.id]);
  return r.all(
    'SELECT t.outcome, t.duration_ms, t.attempts FROM units u JOIN tests t ON t.run_id = u.run_id AND t.unit_no = u.no WHERE u.task_id = ?',
    [row.id],
  );
}

function toAttempt(row: AttemptRow): Task['attempts'][number] {
  return {
    attempt: row.attempt,
    worker_id: row.worker_id,
    worker: row.worker,
    granted_at: new Date(row.granted_at).toISOString(),
    started_at: iso(row.started_at),
    ended_at: iso(row.ended_at),
    ended: row.ended,
    reason: row.reason,
    peak_memory_bytes: row.peak_memory_bytes,
    mean_cpu_percent: row.mean_cpu_percent,
    slots: row.slots,
    cpus: row.cpus,
    memory_bytes: row.memory_bytes,
    step: row.step,
    why: row.why,
    blame: row.blame,
    running_test_ids: row.blame === null || row.running === null ? [] : (JSON.parse(row.running) as string[]),
  };
}
