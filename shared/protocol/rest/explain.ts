/** REST shape of an explained schedule: where the time of a run's slots went, against the least that it could have taken. */
import { z } from 'zod';
import { runState } from './runs.ts';

const ms = z.number().min(0);

/** Why a slot did nothing for the run. */
export const idleWhy = z.enum([
  /** Before its first task of the run. */
  'waiting_for_first_task',
  'between_tasks',
  /** It worked for another run. */
  'other_run',
  'not_connected',
  /** Nothing was left that was worth another process. */
  'nothing_left',
]);
export type IdleWhy = z.infer<typeof idleWhy>;

/** Milliseconds of slots; the parts of a slot add up to the makespan. */
export const slotTime = z.object({
  /** In attempts of tests that count. */
  tests_ms: ms,
  /** In attempts that do not count: lost, cancelled or raced ones, and setup that another process had run already. */
  repeated_ms: ms,
  /** Playwright processes outside of tests: starting, hooks, ending. */
  process_ms: ms,
  /** Grants outside of processes: checkout, installation, reports on their way. */
  preparing_ms: ms,
  idle_ms: ms,
});
export type SlotTime = z.infer<typeof slotTime>;

const idleParts = z.array(z.object({ why: idleWhy, ms }));

export const explanation = z.object({
  test_run_id: z.string(),
  number: z.int(),
  name: z.string(),
  kind: z.enum(['queue', 'shards']),
  status: runState,
  /** False while the run goes on: figures are until now, and a test that runs now counts as process time until it has ended. */
  final: z.boolean(),
  /** How many slots worked for it: at most so many processes at once on each worker, over all workers. */
  slots: z.int(),
  /** From its creation to its first granted tests: waiting, discovery. */
  before_ms: ms,
  /** From its first granted tests to the end of its last task. */
  makespan_ms: ms,
  /** Sum of the counted attempts. */
  work_ms: ms,
  /** What cannot be divided: a test, a serial group or a file; of shard runs, a test. */
  longest_unit: z.object({ title: z.string(), ms }).nullable(),
  /** max(work / slots, longest unit): no schedule on these slots can be shorter. */
  lower_bound_ms: ms,
  /** makespan / lower bound; null before anything was done. */
  ratio: z.number().nullable(),
  time: slotTime,
  idle: idleParts,
  /** (process + preparing) / counted tests; null before any. */
  overhead_per_test_ms: ms.nullable(),
  workers: z.array(
    z.object({
      worker_id: z.string(),
      worker: z.string(),
      /** Learned: 1 = as the history says, 0.5 = takes twice as long. */
      speed: z.number(),
      slots: z.array(slotTime.extend({ tasks: z.int(), tests: z.int(), idle: idleParts })),
    }),
  ),
  /** Work that idle slots took over. `at_ms`: since the first grant. `to` is null until somebody has begun it. */
  steals: z.array(
    z.object({ at_ms: ms, from: z.string(), to: z.string().nullable(), tests: z.int(), expected_ms: ms }),
  ),
  /** Tests that ran on two machines at once, near the end; the first final result counted. */
  races: z.array(
    z.object({
      at_ms: ms,
      from: z.string(),
      to: z.string(),
      tests: z.int(),
      /** The racer's results counted. */
      won: z.boolean().nullable(),
    }),
  ),
  /** Grants that ended without completing their task. */
  requeues: z.array(z.object({ at_ms: ms, worker: z.string(), ended: z.string(), reason: z.string().nullable() })),
  /** Units whose duration differed most from what was expected; empty for shard runs, which expect nothing. */
  surprises: z.array(z.object({ title: z.string(), expected_ms: ms, actual_ms: ms })),
  /** Estimated from the measured durations and costs; null for shard runs and before the end. */
  one_more_slot: z.object({ makespan_ms: ms, saved_ms: ms }).nullable(),
});
export type Explanation = z.infer<typeof explanation>;
