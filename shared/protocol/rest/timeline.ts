/** REST shapes of how a run lay on the slots of its workers. Times are milliseconds since the epoch by the coordinator's clock. */
import { z } from 'zod';
import { testStatus } from '../playwright.ts';
import { runState } from './runs.ts';

const at = z.int();

/** What a slot was given. Grants that took several slots are in as many lanes. */
export const timelineGrant = z.object({
  /** Names the grant; attempts refer to it. */
  fence: z.int(),
  task_id: z.string(),
  attempt: z.int(),
  kind: z.enum(['shard', 'units']),
  /** The task that it races. */
  race_of: z.string().nullable(),
  from: at,
  /** null while it is held. */
  to: at.nullable(),
  /** Of its Playwright process; null where it has not said. What comes before it is checkout, installation and the way there. */
  wall_ms: z.number().nullable(),
  /** completed, failed, timeout, cancelled, released, expired, lost; null while it is held. */
  ended: z.string().nullable(),
  reason: z.string().nullable(),
});
export type TimelineGrant = z.infer<typeof timelineGrant>;

const span = z.object({ from: at, to: at });

/** GET test-runs/{id}/timeline */
export const timeline = z.object({
  test_run_id: z.string(),
  status: runState,
  /** When this was read. */
  at,
  /** First granted tests, and the end of the last grant, or now; null before any. */
  span: span.nullable(),
  workers: z.array(
    z.object({
      worker_id: z.string(),
      worker: z.string(),
      /** One per slot that worked for the run. */
      lanes: z.array(z.object({ grants: z.array(timelineGrant), other_runs: z.array(span) })),
      offline: z.array(span),
    }),
  ),
  /** Tests that an idle slot took over from a grant; `to_task_id` is what they became. */
  steals: z.array(z.object({ at, worker_id: z.string(), task_id: z.string(), to_task_id: z.string(), tests: z.int() })),
});
export type Timeline = z.infer<typeof timeline>;

export const MOST_ATTEMPTS = 5_000;
/** GET test-runs/{id}/attempts: `after` is the `id` of the last one that is known. */
export const attemptsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(MOST_ATTEMPTS).default(MOST_ATTEMPTS),
});
export const timelineAttempt = z.object({
  /** Rises with each attempt that is reported. */
  id: z.int(),
  test_id: z.string(),
  fence: z.int(),
  retry: z.int(),
  status: testStatus,
  /** It is one of those that the test's outcome is made of. */
  counted: z.boolean(),
  /** By the clock of the machine that ran it. */
  started_at: at,
  duration_ms: z.number(),
});
export type TimelineAttempt = z.infer<typeof timelineAttempt>;
/** `more`: there are some behind the last of these already. */
export const attempts = z.object({ items: z.array(timelineAttempt), more: z.boolean() });
export type Attempts = z.infer<typeof attempts>;
