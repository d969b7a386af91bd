/** What `playfleet run --json` prints: one JSON object a line. New fields and types may be added; readers skip what they do not know. */
import { z } from 'zod';
import { settledTestEvent } from '../../../shared/protocol/events.ts';
import { runState } from '../../../shared/protocol/rest/runs.ts';

const figures = {
  state: runState,
  /** Why it is in this state; with nobody able to serve the run, what to do about it. */
  reason: z.string().nullable(),
  /** Tests known so far, and how many of them have their outcome. */
  total: z.int(),
  settled: z.int(),
  passed: z.int(),
  failed: z.int(),
  flaky: z.int(),
  skipped: z.int(),
  elapsed_ms: z.int().nullable(),
};

export const jsonLine = z.discriminatedUnion('type', [
  /** The working tree is on the coordinator; only with --source bundle. */
  z.object({ type: z.literal('uploaded'), files: z.int(), bytes: z.int(), sent_files: z.int(), sent_bytes: z.int() }),
  z.object({
    type: z.literal('created'),
    run_id: z.string(),
    number: z.int(),
    name: z.string(),
    project: z.string(),
    api: z.string(),
  }),
  /** At most once a second, and only after a change. `remaining_ms` is a rough guess. */
  z.object({ type: z.literal('progress'), ...figures, remaining_ms: z.int().nullable() }),
  /** A test that failed or was flaky, as soon as it has its outcome. */
  settledTestEvent.omit({ replaces: true }).extend({ type: z.literal('test') }),
  /** An error outside any test. */
  z.object({ type: z.literal('error'), message: z.string() }),
  /** There is no live stream at the moment; progress goes on in numbers. */
  z.object({ type: z.literal('trouble'), message: z.string() }),
  z.object({ type: z.literal('note'), message: z.string() }),
  /** The last line of a run that ended; `report` is null where there is none. */
  z.object({
    type: z.literal('end'),
    run_id: z.string(),
    number: z.int(),
    ...figures,
    outcome: z.enum(['passed', 'failed']).nullable(),
    exit_code: z.int(),
    report: z.string().nullable(),
    api: z.string(),
    archive: z.string(),
  }),
  /** The last line of every command that could not do what it was asked for. */
  z.object({ type: z.literal('failure'), message: z.string(), mend: z.string(), exit_code: z.literal(2) }),
]);
export type JsonLine = z.infer<typeof jsonLine>;
