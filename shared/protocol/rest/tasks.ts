/** REST shapes of tasks: what a polling worker drives, and what people see. */
import { z } from 'zod';
import { grant, processEnd } from '../work.ts';

export const taskState = z.enum(['pending', 'assigned', 'running', 'completed', 'failed', 'timeout', 'cancelled']);

/** GET tasks/next: the next task that this worker could claim; it holds nothing until it is claimed. */
export const nextTask = z.object({
  task_id: z.string().nullable(),
  test_run_id: z.string().optional(),
  /** 1-based; queue tasks are 1 of 1 and name their tests in the claim's answer. */
  shard_index: z.int().optional(),
  shard_total: z.int().optional(),
  kind: z.enum(['discover', 'shard', 'units']).optional(),
  config: z.record(z.string(), z.json()).optional(),
  message: z.string().optional(),
});

export const claimed = z.object({
  task_id: z.string(),
  status: z.literal('assigned'),
  attempt: z.int(),
  /** Send it back with each later call; without it, the caller's own newest claim is meant. */
  fence: z.int(),
  lease_ms: z.int(),
  grant,
});

const fence = z.int().min(1).optional();
export const taskStart = z.strictObject({ fence });
export const taskHeartbeat = z.strictObject({ fence, progress: z.json().optional() });
export const taskComplete = z.strictObject({ fence, result: processEnd.partial().optional() });
export const taskFail = z.strictObject({
  fence,
  error_message: z.string().max(100_000).default('the worker reported a failure'),
  error_stack: z.string().max(100_000).nullable().default(null),
  /** Not worth another try. */
  permanent: z.boolean().default(false),
});

export const taskAnswer = z.object({
  task_id: z.string(),
  status: taskState,
  attempt: z.int(),
  /** Milliseconds until the lease must be renewed; null when it is over. */
  lease_ms: z.int().nullable(),
  message: z.string(),
});

export const taskAttemptView = z.object({
  attempt: z.int(),
  worker_id: z.string(),
  worker: z.string().nullable(),
  granted_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  ended: z.string().nullable(),
  reason: z.string().nullable(),
  peak_memory_bytes: z.int().nullable(),
  mean_cpu_percent: z.number().nullable(),
  /** Slots that it took, and what was set aside for all of them; 0 = it asked for nothing. */
  slots: z.int(),
  cpus: z.number(),
  memory_bytes: z.int(),
  /** Which step of escalation gave a further try to this worker, and why; null for first and ordinary ones. */
  step: z.enum(['retry', 'other_worker', 'other_kind']).nullable(),
  why: z.string().nullable(),
  /** Of a try that failed: who is to blame as far as is known now. */
  blame: z.enum(['machine', 'test', 'unclear']).nullable(),
  /** Of a try that failed: tests without an outcome that were running at its end. */
  running_test_ids: z.array(z.string()),
});

export const task = z.object({
  id: z.string(),
  test_run_id: z.string(),
  kind: z.enum(['discover', 'shard', 'units']),
  shard_index: z.int().nullable(),
  shard_total: z.int().nullable(),
  /** The task whose tests it runs as well, near the end of the run; the first result counts. Null for ordinary tasks. */
  race_of: z.string().nullable(),
  status: taskState,
  reason: z.string().nullable(),
  worker_id: z.string().nullable(),
  worker: z.string().nullable(),
  retry_count: z.int(),
  max_retries: z.int(),
  priority: z.int(),
  timeout_seconds: z.int(),
  tests_total: z.int(),
  passed: z.int(),
  failed: z.int(),
  skipped: z.int(),
  flaky: z.int(),
  assigned_at: z.string().nullable(),
  started_at: z.string().nullable(),
  heartbeat_at: z.string().nullable(),
  completed_at: z.string().nullable(),
  duration_ms: z.int().nullable(),
  /** Over the counted attempts of its tests. */
  test_durations: z
    .object({ mean_ms: z.number(), p50_ms: z.number(), p95_ms: z.number(), p99_ms: z.number() })
    .nullable(),
  peak_memory_bytes: z.int().nullable(),
  mean_cpu_percent: z.number().nullable(),
  error_message: z.string().nullable(),
  error_stack: z.string().nullable(),
  custom_metrics: z.record(z.string(), z.json()).nullable(),
  attempts: z.array(taskAttemptView),
  /** Of a task that nobody could carry out: what a person can do about it. */
  ask: z.string().nullable(),
});
export type Task = z.infer<typeof task>;

/** GET workers/{id}/tasks: what a worker was given, newest first. */
export const workerTask = z.object({
  task_id: z.string(),
  attempt: z.int(),
  kind: z.enum(['discover', 'shard', 'units']),
  test_run_id: z.string(),
  number: z.int(),
  run_name: z.string(),
  project: z.string(),
  granted_at: z.string(),
  started_at: z.string().nullable(),
  /** null while it is held. */
  ended_at: z.string().nullable(),
  ended: z.string().nullable(),
  reason: z.string().nullable(),
  blame: z.enum(['machine', 'test', 'unclear']).nullable(),
  /** Which step of escalation gave it this try, and why; null for ordinary ones. */
  step: z.enum(['retry', 'other_worker', 'other_kind']).nullable(),
  why: z.string().nullable(),
  slots: z.int(),
  peak_memory_bytes: z.int().nullable(),
  mean_cpu_percent: z.number().nullable(),
});
export type WorkerTask = z.infer<typeof workerTask>;
