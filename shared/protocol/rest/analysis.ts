/** REST shapes of what is made of one run's results: failures by their error, the difference to another run, screenshots. */
import { z } from 'zod';
import { testOutcome } from '../playwright.ts';
import { sha256 } from '../work.ts';
import { pageQuery } from './common.ts';

/** GET test-runs/{id}/failures */
export const clusteredTest = z.object({
  test_id: z.string(),
  title: z.string(),
  project: z.string(),
  file: z.string(),
  line: z.int(),
  outcome: z.enum(['unexpected', 'flaky']),
  attempts: z.int(),
  duration_ms: z.number().nullable(),
  worker: z.string().nullable(),
});
export const failureClusters = z.object({
  test_run_id: z.string(),
  number: z.int(),
  /** Failed and flaky tests, and how many of them are in the clusters: of very many only the first 2,000 are read. */
  total: z.int(),
  counted: z.int(),
  /** Those with unexpected tests first, the largest first. */
  clusters: z.array(
    z.object({
      cluster: z.string(),
      /** The error without what differs between tests. */
      title: z.string(),
      /** In full, of one of them; may hold ANSI colours. */
      example: z.string(),
      unexpected: z.int(),
      flaky: z.int(),
      /** Names of machines on which they ran. */
      workers: z.array(z.string()),
      /** At most 200. */
      tests: z.array(clusteredTest),
    }),
  ),
});
export type FailureClusters = z.infer<typeof failureClusters>;

/** GET test-runs/{id}/compare */
export const testChange = z.enum([
  'newly_failing',
  'fixed',
  'still_failing',
  'newly_flaky',
  'slower',
  'faster',
  'added',
  'removed',
]);
export type TestChange = z.infer<typeof testChange>;
export const compareQuery = z.strictObject({
  ...pageQuery.shape,
  /** Id or number of the earlier run, of the same project. Left out: the newest one before it that ended with results. */
  with: z.string().min(1).max(100).optional(),
  /** Only these. */
  change: testChange.optional(),
  /** What counts as slower or faster: at least so many percent and so many milliseconds. */
  percent: z.coerce.number().min(1).max(10_000).default(50),
  at_least_ms: z.coerce.number().min(0).max(3_600_000).default(500),
});
const side = z.object({ outcome: testOutcome.nullable(), attempts: z.int(), duration_ms: z.number().nullable() });
const comparedRun = z.object({
  id: z.string(),
  number: z.int(),
  name: z.string(),
  branch: z.string().nullable(),
  commit: z.string().nullable(),
  duration_ms: z.int().nullable(),
});
export const comparison = z.object({
  run: comparedRun,
  with: comparedRun,
  /** A test is counted once: an outcome that changed comes before a duration that did. */
  counts: z.record(testChange, z.int()),
  unchanged: z.int(),
  /** In the order of testChange, then of the suite. */
  items: z.array(
    z.object({
      change: testChange,
      test_id: z.string(),
      title: z.string(),
      project: z.string(),
      file: z.string(),
      line: z.int(),
      /** null where the run has no such test. */
      now: side.nullable(),
      before: side.nullable(),
    }),
  ),
  next_cursor: z.string().nullable(),
});
export type Comparison = z.infer<typeof comparison>;

/** GET test-runs/{id}/screenshots: failed comparisons of toHaveScreenshot and toMatchSnapshot with images. */
const image = z.object({ sha256, size: z.int(), url: z.string().nullable() });
export const screenshotComparison = z.object({
  /** Names it within the run; what acceptance takes. */
  id: z.string(),
  test_id: z.string(),
  title: z.string(),
  project: z.string(),
  file: z.string(),
  /** Name that the suite gave it, such as cart.png. */
  name: z.string(),
  /** Where the snapshot file lies in the source tree; null where that cannot be told, `why` says why. */
  path: z.string().nullable(),
  why: z.string().nullable(),
  /** null where there was none before: a missing snapshot. */
  expected: image.nullable(),
  actual: image,
  /** null where the sizes differ. */
  diff: image.nullable(),
  worker: z.string().nullable(),
  accepted: z.object({ by: z.string(), at: z.string() }).nullable(),
});
export type ScreenshotComparison = z.infer<typeof screenshotComparison>;

/** POST test-runs/{id}/screenshots/accept: answers a zip of the actual images at their paths, to be unpacked over the source tree. */
export const screenshotsAccept = z.strictObject({ ids: z.array(z.string().min(1).max(1300)).min(1).max(500) });
