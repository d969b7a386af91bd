/** REST shapes of results. */
import { z } from 'zod';
import { annotation, attachment, testError, testOutcome, testStatus, testStep } from '../playwright.ts';

/** POST results/submit, the customer's summary of a task from a worker that only polls; kept beside the task's own results. */
export const resultSubmit = z.strictObject({
  task_id: z.string().min(1).max(100),
  passed: z.int().min(0).max(10_000_000),
  failed: z.int().min(0).max(10_000_000),
  skipped: z.int().min(0).max(10_000_000).default(0),
  flaky: z.int().min(0).max(10_000_000).default(0),
  duration_ms: z.number().min(0).max(1e12),
  report_url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .nullable()
    .default(null),
  fence: z.int().min(1).optional(),
  metrics: z.record(z.string().max(200), z.json()).optional(),
});
export const resultAnswer = z.object({ message: z.string(), status: z.enum(['accepted', 'duplicate', 'stale']) });

export const attemptView = z.object({
  retry: z.int(),
  status: testStatus,
  /** False for attempts of a superseded grant: kept, not counted. */
  counted: z.boolean(),
  worker_id: z.string(),
  worker: z.string().nullable(),
  task_id: z.string(),
  started_at: z.string(),
  duration_ms: z.number(),
  errors: z.array(testError),
  steps: z.array(testStep),
  annotations: z.array(annotation),
  stdout: z.string(),
  stderr: z.string(),
  /** Addresses are null until the bytes have arrived. */
  attachments: z.array(
    attachment.extend({
      /** Of the API, for programs with a token. */
      url: z.string().nullable(),
      /** Signed, of the content origin, for browsers: opens it to whoever has it, for some hours. `?download` saves it. */
      content_url: z.string().nullable(),
    }),
  ),
});

/** A test of a run, without its attempts' details. */
export const testSummary = z.object({
  test_id: z.string(),
  title: z.string(),
  title_path: z.array(z.string()),
  project: z.string(),
  file: z.string(),
  line: z.int(),
  tags: z.array(z.string()),
  supporting: z.boolean(),
  /** null: not settled yet. */
  outcome: testOutcome.nullable(),
  /** Counted attempts. */
  attempts: z.int(),
  duration_ms: z.number().nullable(),
  /** Why it never ran, or what is missing of it. */
  note: z.string().nullable(),
  /** First error of its last counted attempt. */
  error: z.string().nullable(),
  worker: z.string().nullable(),
});
export type TestSummary = z.infer<typeof testSummary>;

export const testDetail = testSummary.extend({ all_attempts: z.array(attemptView) });
export type TestDetail = z.infer<typeof testDetail>;
