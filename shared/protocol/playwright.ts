/**
 * What Playwright says, in our words: the shapes that travel from the reporter in a Playwright process to the agent (IPC), from the
 * agent to the coordinator (agent link, REST) and from there to readers (REST, SSE). Times are integer milliseconds.
 */
import { z } from 'zod';

/** Playwright's result of one attempt. */
export const testStatus = z.enum(['passed', 'failed', 'timedOut', 'interrupted', 'skipped']);
export type TestStatus = z.infer<typeof testStatus>;

/** Verdict over all attempts of a test. */
export const testOutcome = z.enum(['expected', 'unexpected', 'flaky', 'skipped']);
export type TestOutcome = z.infer<typeof testOutcome>;

/** Playwright's own test id: 20 hex digits of the file, a dash, 20 of project, file and titles; stable across machines (FACTS). */
export const testId = z.string().min(1).max(200);

export const location = z.object({ file: z.string().max(1000), line: z.int().min(0), column: z.int().min(0) });
export type Location = z.infer<typeof location>;

export const annotation = z.object({ type: z.string().max(500), description: z.string().max(10_000).optional() });
export type Annotation = z.infer<typeof annotation>;

/** A test as planned, before any attempt. `file` is POSIX and relative to the project's rootDir. */
export const plannedTest = z.object({
  id: testId,
  project: z.string().max(500),
  file: z.string().max(1000),
  line: z.int().min(0),
  column: z.int().min(0),
  /** Describe titles and the test's own title, without project and file. */
  titlePath: z.array(z.string().max(5000)).min(1).max(50),
  tags: z.array(z.string().max(200)).max(100),
  annotations: z.array(annotation).max(100),
  expectedStatus: testStatus,
  /** Milliseconds; 0 = none. */
  timeout: z.number().min(0),
  /** How many more times the suite's own config lets Playwright try. */
  retries: z.int().min(0).max(1000),
});
export type PlannedTest = z.infer<typeof plannedTest>;

export const unitKind = z.enum(['test', 'group', 'file']);
export type UnitKind = z.infer<typeof unitKind>;

/** The smallest part that Playwright semantics allow to run alone: a test of a parallel file, a serial group, or project + file. */
export const unit = z.object({
  kind: unitKind,
  project: z.string().max(500),
  file: z.string().max(1000),
  title: z.string().max(5000),
  testIds: z.array(testId).min(1).max(100_000),
});
export type Unit = z.infer<typeof unit>;

export const discoveredProject = z.object({
  name: z.string().max(500),
  /** Names of projects that Playwright runs first, in each process. */
  dependencies: z.array(z.string().max(500)).max(100),
  teardown: z.string().max(500).nullable(),
  /** True where other projects depend on it or name it as their teardown: its tests run beside others, never as units of their own. */
  supporting: z.boolean(),
  /** Browsers the project's `use` asks for; empty where it cannot be known. */
  browser: z.enum(['chromium', 'firefox', 'webkit']).nullable(),
  channel: z.string().max(100).nullable(),
});
export type DiscoveredProject = z.infer<typeof discoveredProject>;

/** The suite as Playwright loaded it, once per (source, config, arguments, Playwright version). */
export const discovery = z.object({
  playwrightVersion: z.string().max(100),
  /** Absolute on the machine that discovered; used to fold blobs, never shown. */
  rootDir: z.string().max(1000),
  /** The same from the suite's folder, POSIX: `tests`, '' for that folder itself. Older agents do not tell. */
  testsDir: z.string().max(1000).optional(),
  projects: z.array(discoveredProject).max(1000),
  tests: z.array(plannedTest).max(200_000),
  units: z.array(unit).max(200_000),
  /** Tests of supporting projects (setup, teardown). */
  supportingTestIds: z.array(testId).max(100_000),
  /** Ports of the config's webServer entries; `fixed` when they do not follow PLAYFLEET_PORT, so one machine can run only one at a time. */
  webServer: z.object({ present: z.boolean(), fixedPorts: z.boolean() }),
  /** Errors of loading (syntax errors, duplicate titles, no tests): non-empty means that the run cannot start. */
  errors: z.array(z.object({ message: z.string().max(100_000), location: location.optional() })).max(1000),
});
export type Discovery = z.infer<typeof discovery>;

export const testError = z.object({
  message: z.string().max(200_000),
  stack: z.string().max(200_000).optional(),
  /** Code frame, may hold ANSI colours. */
  snippet: z.string().max(100_000).optional(),
  location: location.optional(),
});
export type TestError = z.infer<typeof testError>;

export interface TestStep {
  title: string;
  category: string;
  /** Milliseconds since the attempt's start. */
  startMs: number;
  durationMs: number;
  error?: string | undefined;
  steps?: TestStep[] | undefined;
}
export const testStep: z.ZodType<TestStep> = z.lazy(() =>
  z.object({
    title: z.string().max(5000),
    category: z.string().max(200),
    startMs: z.number(),
    durationMs: z.number(),
    error: z.string().max(20_000).optional(),
    steps: z.array(testStep).max(5000).optional(),
  }),
);

/** On the machine that ran the test: exactly one of `path` and `bodyBase64`. */
export const localAttachment = z.object({
  name: z.string().max(1000),
  contentType: z.string().max(300),
  path: z.string().max(4000).optional(),
  bodyBase64: z.string().optional(),
});
export type LocalAttachment = z.infer<typeof localAttachment>;

/** After the agent hashed it; the bytes follow by hash. `missing` where the file was gone or too large, with the reason. */
export const attachment = z.object({
  name: z.string().max(1000),
  contentType: z.string().max(300),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  size: z.int().min(0),
  missing: z.string().max(1000).optional(),
});
export type Attachment = z.infer<typeof attachment>;

/** What every attempt of a test has, wherever its attachments are. */
const attemptFields = {
  testId,
  /** Playwright's retry index, 0 = first try. */
  retry: z.int().min(0).max(1000),
  status: testStatus,
  /** Wall clock of the machine that ran it: for display only, never for decisions. */
  startedAt: z.int(),
  durationMs: z.number().min(0),
  errors: z.array(testError).max(100),
  steps: z.array(testStep).max(5000),
  annotations: z.array(annotation).max(1000),
  stdout: z.string(),
  stderr: z.string(),
  workerIndex: z.int(),
  parallelIndex: z.int(),
};
export const localAttempt = z.object({ ...attemptFields, attachments: z.array(localAttachment).max(1000) });
export type LocalAttempt = z.infer<typeof localAttempt>;
export const testAttempt = z.object({ ...attemptFields, attachments: z.array(attachment).max(1000) });
export type TestAttempt = z.infer<typeof testAttempt>;

/**
 * A test is settled when Playwright will not try it again in this process: at once for ordinary tests that passed or used up their
 * retries; for a serial group only together, since a failure of a later step repeats the earlier ones.
 */
export const settledTest = z.object({
  testId,
  outcome: testOutcome,
  /** How many attempts count, the last ones: a repeated serial group counts all of its rounds. */
  attempts: z.int().min(0),
});
export type SettledTest = z.infer<typeof settledTest>;
