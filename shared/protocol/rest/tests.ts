/** REST shapes of a project's tests over its runs: how they stand, and what became of each of them in the last runs. */
import { z } from 'zod';
import { testOutcome } from '../playwright.ts';
import { pageQuery } from './common.ts';
import { ofProject, period, rangeQuery } from './ranges.ts';

/** How often a test ended how, and how long it took. Rates are 0–1; runs in which it was skipped count for none of them. */
export const testFigures = z.object({
  /** Runs in which it had an outcome. */
  runs: z.int(),
  expected: z.int(),
  unexpected: z.int(),
  flaky: z.int(),
  skipped: z.int(),
  /** Unexpected of all that were not skipped; null where there are none. */
  failure_rate: z.number().nullable(),
  /** Flaky of all that were not skipped. */
  flaky_rate: z.number().nullable(),
  /** Over runs in which it ran, retries included. */
  mean_ms: z.number().nullable(),
  max_ms: z.number().nullable(),
});
export type TestFigures = z.infer<typeof testFigures>;

/** What the newest run with it calls it. */
export const testIdentity = z.object({
  test_id: z.string(),
  title: z.string(),
  title_path: z.array(z.string()),
  /** Of Playwright. */
  project: z.string(),
  file: z.string(),
  line: z.int(),
  tags: z.array(z.string()),
});

/**
 * GET projects/{project}/tests. flaky: flaky rate, then failures. failing: failure rate. slow: mean duration. slowest: longest single one.
 * Only tests with something to sort by are listed: `sort=flaky` shows those that were flaky or failed at all.
 */
export const testSort = z.enum(['flaky', 'failing', 'slow', 'slowest']);
export type TestSort = z.infer<typeof testSort>;

export const testsQuery = z.strictObject({
  ...rangeQuery.shape,
  ...pageQuery.shape,
  team: ofProject.shape.team,
  sort: testSort.default('flaky'),
  /** Those with fewer runs than this say little. */
  min_runs: z.coerce.number().int().min(1).max(1000).default(1),
});

export const testStanding = testIdentity.extend({
  ...testFigures.shape,
  /** Over the newest results, at most 50; null where it never ran. */
  p50_ms: z.number().nullable(),
  p95_ms: z.number().nullable(),
  last: z.object({ run_id: z.string(), number: z.int(), outcome: testOutcome, at: z.string() }).nullable(),
});
export type TestStanding = z.infer<typeof testStanding>;

export const testStandings = z.object({
  /** Counted by whole days in UTC: the days in which `from` and `to` lie count as a whole. */
  period,
  items: z.array(testStanding),
  next_cursor: z.string().nullable(),
  /** How many tests are listed in all. */
  total: z.int(),
});

/** GET projects/{project}/tests/{test_id} */
export const testHistoryQuery = z.strictObject({
  team: ofProject.shape.team,
  /** How many of the newest results are answered one by one. */
  last: z.coerce.number().int().min(1).max(500).default(50),
});

export const testResult = z.object({
  run_id: z.string(),
  number: z.int(),
  run_name: z.string(),
  outcome: testOutcome,
  /** Counted attempts; 0 = it never ran. */
  attempts: z.int(),
  duration_ms: z.number().nullable(),
  worker_id: z.string().nullable(),
  /** Host name. */
  worker: z.string().nullable(),
  /** Of the source, as far as the run says. */
  branch: z.string().nullable(),
  commit: z.string().nullable(),
  environment: z.string().nullable(),
  at: z.string(),
});
export type TestResult = z.infer<typeof testResult>;

export const testHistory = testIdentity.extend({
  /** Newest first. */
  results: z.array(testResult),
  /** Over the newest results, at most 500; `counted` says how many these are. */
  counted: z.int(),
  ...testFigures.shape,
  p50_ms: z.number().nullable(),
  p95_ms: z.number().nullable(),
  /** What the scheduler expects of it on a machine of speed 1; null where it has never run. */
  expected_ms: z.number().nullable(),
  first_seen: z.object({ run_id: z.string(), number: z.int(), at: z.string() }),
  /** The newest run with another outcome than the one before it; null where it has not changed within what is counted. */
  last_changed: z
    .object({ run_id: z.string(), number: z.int(), at: z.string(), from: testOutcome, to: testOutcome })
    .nullable(),
  /** Where it ran: a test that fails on one machine alone points at the machine. Most failures first. */
  workers: z.array(
    z.object({
      worker_id: z.string(),
      worker: z.string(),
      runs: z.int(),
      unexpected: z.int(),
      flaky: z.int(),
      mean_ms: z.number().nullable(),
    }),
  ),
});
export type TestHistory = z.infer<typeof testHistory>;
