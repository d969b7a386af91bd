/** REST shapes of analytics: figures over many runs. Rates are 0–1, durations milliseconds. */
import { z } from 'zod';
import { machineMetrics } from '../work.ts';
import { id } from './common.ts';
import { period, rangeQuery, someProject, timeZone } from './ranges.ts';

/** Of runs that ended in the period; tests are those of these runs. */
export const runCounts = z.object({
  runs: z.int(),
  passed: z.int(),
  failed: z.int(),
  /** Could not be carried out. */
  broken: z.int(),
  cancelled: z.int(),
  /** Passed of passed, failed and broken; null where there are none. */
  success_rate: z.number().nullable(),
  tests: z.int(),
  tests_expected: z.int(),
  tests_unexpected: z.int(),
  tests_flaky: z.int(),
  tests_skipped: z.int(),
  /** Expected and flaky of all tests that were not skipped. */
  tests_success_rate: z.number().nullable(),
  /** From start to end, of runs that passed or failed. */
  mean_ms: z.number().nullable(),
  p50_ms: z.number().nullable(),
  p95_ms: z.number().nullable(),
});
export type RunCounts = z.infer<typeof runCounts>;

/** GET metrics/performance */
export const performanceQuery = someProject;
const compared = z.object({ period, now: runCounts, before: runCounts });
export const performance = z.object({
  /** `before`: the same length of time before it. */
  last_24_hours: compared,
  last_7_days: compared,
  last_30_days: compared,
});
export type Performance = z.infer<typeof performance>;

/** GET metrics/trends. At most 1,000 buckets. */
export const trendsQuery = z.strictObject({
  ...rangeQuery.shape,
  ...someProject.shape,
  bucket: z.enum(['hour', 'day', 'week']).default('day'),
  time_zone: timeZone.default('UTC'),
});
export const trends = z.object({
  period,
  bucket: z.enum(['hour', 'day', 'week']),
  time_zone: z.string(),
  /** All of the period without gaps, oldest first; the first and the last may lie in it only in part. */
  buckets: z.array(runCounts.extend({ from: z.string(), to: z.string() })),
  totals: runCounts,
});
export type Trends = z.infer<typeof trends>;

/** GET metrics/workers: who was used how much, and when. At most 62 days. */
export const workerUseQuery = z.strictObject({ ...rangeQuery.shape, time_zone: timeZone.default('UTC') });
export const workerUse = z.object({
  period,
  time_zone: z.string(),
  workers: z.array(
    z.object({
      worker_id: z.string(),
      worker: z.string(),
      /** It was removed since. */
      removed: z.boolean(),
      /** Seconds of slots: held by tasks, and while it was online. Lent is by the slots that it has now. */
      busy_seconds: z.number(),
      lent_seconds: z.number(),
      /** busy / lent; null where it was never online. */
      use: z.number().nullable(),
      /** Grants that ended, and those of them that failed, were lost or timed out. */
      tasks: z.int(),
      tasks_failed: z.int(),
      tests: z.int(),
      tests_unexpected: z.int(),
      tests_flaky: z.int(),
      tests_ms: z.number(),
      /** Its part of all busy seconds. */
      share: z.number(),
      /** 7 × 24, Monday 0 o'clock first, in the time zone: busy / lent at that hour of the week; null where it was not online. */
      heat: z.array(z.number().nullable()).length(168),
    }),
  ),
});
export type WorkerUse = z.infer<typeof workerUse>;

/** GET metrics/failures: errors that are the same but for numbers, paths and values, over runs. */
export const failurePatternsQuery = z.strictObject({
  ...rangeQuery.shape,
  ...someProject.shape,
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export const failurePatterns = z.object({
  /** By whole days in UTC. */
  period,
  items: z.array(
    z.object({
      /** The same in each run and project with this error. */
      cluster: z.string(),
      /** The error without what differs. */
      title: z.string(),
      unexpected: z.int(),
      flaky: z.int(),
      runs: z.int(),
      first_at: z.string(),
      last_at: z.string(),
      /** Newest run with it, to look at; null where it is not kept any more. */
      last_run: z.object({ run_id: z.string(), number: z.int() }).nullable(),
      projects: z.array(z.string()),
      /** Failures per day in UTC, oldest first; days without are left out. */
      days: z.array(z.object({ day: z.string(), failures: z.int() })),
    }),
  ),
});
export type FailurePatterns = z.infer<typeof failurePatterns>;

/** GET metrics/health */
export const healthReason = z.object({
  /** Stable, for programs. */
  code: z.enum([
    'no_workers',
    'workers_offline',
    'breakers_open',
    'queue_stale',
    'failure_rate',
    'overload',
    'worker_disk',
    'coordinator_disk',
  ]),
  severity: z.enum(['warning', 'critical']),
  /** What it takes off the score. */
  points: z.int(),
  /** For people. */
  detail: z.string(),
  /** What it is about: ids of workers or runs, at most 20. */
  worker_ids: z.array(z.string()),
  run_ids: z.array(z.string()),
});
export type HealthReason = z.infer<typeof healthReason>;
export const health = z.object({
  /** 100 = nothing to mend, 0 = nothing works. */
  score: z.int().min(0).max(100),
  state: z.enum(['good', 'degraded', 'bad']),
  /** Worst first. */
  reasons: z.array(healthReason),
  workers: z.object({ total: z.int(), online: z.int(), busy: z.int(), slots: z.int(), slots_busy: z.int() }),
  runs: z.object({ active: z.int(), waiting: z.int() }),
});
export type Health = z.infer<typeof health>;

/** GET metrics/machines: for sparklines, of some workers at once. */
export const machinesQuery = z.strictObject({
  /** Ids of workers, separated by commas; at most 50. */
  ids: z
    .string()
    .min(1)
    .max(5000)
    .transform((text) => text.split(','))
    .pipe(z.array(id).min(1).max(50)),
  /** Heartbeats are kept for two days. */
  hours: z.coerce.number().min(0.1).max(48).default(1),
  points: z.coerce.number().int().min(2).max(300).default(60),
});
export const machines = z.object({
  period,
  /** Length of one point. */
  step_ms: z.number(),
  items: z.array(
    z.object({
      worker_id: z.string(),
      /** Means of the heartbeats of each step, oldest first; steps without one are left out. */
      points: z.array(machineMetrics.extend({ at: z.string(), tasks_running: z.number() })),
    }),
  ),
});
export type Machines = z.infer<typeof machines>;
