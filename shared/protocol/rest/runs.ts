/** REST shapes of runs (API: test-runs). snake_case as the customer fixed it; times are ISO 8601 strings, durations milliseconds. */
import { z } from 'zod';
import { testId } from '../playwright.ts';
import {
  environment,
  environmentName,
  groupState,
  requests,
  requirements,
  runConfig,
  runSource,
  tags,
  taskGroup,
} from '../work.ts';

export const runState = z.enum(['pending', 'scheduling', 'running', 'completed', 'failed', 'cancelled']);
export type RunState = z.infer<typeof runState>;

/** longest_first ends soonest; likely_failures_first begins each slot with what has failed lately. */
export const testOrder = z.enum(['longest_first', 'likely_failures_first']);
export type TestOrder = z.infer<typeof testOrder>;

const jsonObject = z.record(z.string().max(200), z.json());

/** What a run waits for in another one, and what becomes of it where that does not come. */
const dependencyRule = {
  /** success: its tests passed. failure: some failed, or it could not be carried out. end: it is over, cancelled or not. */
  on: z.enum(['success', 'end', 'failure']).default('success'),
  /** When it ended otherwise. skip: this run is cancelled. run: it begins all the same. wait: for a rerun that ends as it should. */
  otherwise: z.enum(['skip', 'run', 'wait']).default('skip'),
};
/** `run`: id or number of a run that exists. */
export const dependency = z.strictObject({ run: z.string().min(1).max(100), ...dependencyRule });
export type Dependency = z.infer<typeof dependency>;
export type DependencyRule = Pick<Dependency, 'on' | 'otherwise'>;
const dependencies = z.array(dependency).max(100);

/** What POST /test-runs/{id}/dependencies takes. */
export const dependenciesAdd = z.strictObject({ depends_on: dependencies.min(1) });

/** What POST /test-runs/create takes. With `total_shards` it is a static run, without it a queue run. */
export const runCreate = z.strictObject({
  name: z.string().trim().min(1).max(200),
  description: z.string().max(5000).default(''),
  /** Groups runs and their history; created on first use. */
  project: z.string().trim().min(1).max(200).default('default'),
  /** Id or name of the team whose project it is. Left out: the only one of whoever asks, else the first of the installation. */
  team: z.string().min(1).max(100).optional(),
  kind: z.enum(['queue', 'shards']).optional(),
  total_shards: z.int().min(1).max(100_000).optional(),
  config: runConfig
    .extend({ groups: z.array(taskGroup).max(50).default([]) })
    .default({ args: [], env: {}, groups: [] }),
  /** null: each worker's own PLAYWRIGHT_PROJECT_PATH. */
  source: runSource.nullable().default(null),
  requirements: requirements.default({}),
  /** CPUs and memory that each slot has for itself. */
  requests: requests.default({}),
  /** What it tests against, for caps; beside config.base_url. */
  environment: environmentName.optional(),
  /** In which order a queue run begins its tests. Static runs go by Playwright's. */
  order: testOrder.default('longest_first'),
  /** When it should be done: its priority rises as that comes near. */
  deadline: z.iso.datetime({ offset: true }).optional(),
  priority: z.int().min(0).max(1000).default(100),
  tags: tags.default([]),
  metadata: jsonObject.default({}),
  env: environment.optional(),
  /** Automatic retries of a task whose worker or process was lost; default: setting task_max_retries. */
  max_retries: z.int().min(0).max(20).optional(),
  /** Default: setting task_timeout_default_seconds. */
  task_timeout_seconds: z.int().min(1).max(86_400).optional(),
  /** Not before this time. */
  scheduled_for: z.iso.datetime({ offset: true }).optional(),
  /** Not before these runs have ended. */
  depends_on: dependencies.default([]),
});
export type RunCreate = z.infer<typeof runCreate>;

export const runCreated = z.object({ test_run_id: z.string(), number: z.int(), message: z.string() });

export const runTotals = z.object({
  /** Known so far; grows while shards report their plans. */
  total: z.int(),
  settled: z.int(),
  expected: z.int(),
  unexpected: z.int(),
  flaky: z.int(),
  skipped: z.int(),
  /** The customer's words: expected and flaky are passed, unexpected is failed. */
  passed: z.int(),
  failed: z.int(),
});
export type RunTotals = z.infer<typeof runTotals>;

export const runLinks = z.object({
  self: z.string(),
  progress: z.string(),
  results: z.string(),
  download: z.string(),
  report: z.string(),
});

/** A test that was running in too many losses and crashes; its outcome is unexpected. */
export const quarantinedTest = z.object({
  test_id: z.string(),
  title: z.string(),
  project: z.string(),
  file: z.string(),
  at: z.string(),
  incidents: z.array(
    z.object({
      task_id: z.string(),
      worker: z.string(),
      at: z.string(),
      how: z.enum(['crashed', 'timeout', 'lost', 'expired']),
      reason: z.string().nullable(),
    }),
  ),
});
export type QuarantinedTest = z.infer<typeof quarantinedTest>;

export const runDependency = z.object({
  run_id: z.string(),
  number: z.int(),
  name: z.string(),
  status: runState,
  outcome: z.enum(['passed', 'failed']).nullable(),
  ...dependencyRule,
  /** Not waited for any more. */
  met: z.boolean(),
});

export const runGroup = taskGroup.extend({
  state: groupState,
  /** Why it is in this state: what it waits for, what failed. */
  reason: z.string().nullable(),
  /** 0 until the run is planned. */
  tests: z.int(),
});

export const run = z.object({
  id: z.string(),
  /** People see it as shared/model/run-label.ts shows it: `12`, and `QX7K-3` of a promoted coordinator. */
  number: z.int(),
  name: z.string(),
  description: z.string(),
  project: z.string(),
  kind: z.enum(['queue', 'shards']),
  status: runState,
  /** Why it is in this state, in words: what it waits for; with nobody able to serve it, what to do. */
  reason: z.string().nullable(),
  /** The verdict over its tests; null until completed. */
  outcome: z.enum(['passed', 'failed']).nullable(),
  /** Values in `env` are shown to maintainers only. */
  config: runConfig,
  source: runSource.nullable(),
  requirements,
  requests,
  /** What it tests against: whose secrets its tests get, and which caps count. null: none was named. */
  environment: z.string().nullable(),
  order: testOrder,
  /** null where it has none. `predicted_end` is null until enough is known; `boost` is added to its priority now. */
  deadline: z
    .object({
      at: z.string(),
      state: z.enum(['on_time', 'at_risk', 'late']),
      predicted_end: z.string().nullable(),
      boost: z.int(),
    })
    .nullable(),
  total_shards: z.int(),
  total_tests: z.int(),
  tasks: z.object({ total: z.int(), finished: z.int() }),
  tests: runTotals,
  quarantined: z.array(quarantinedTest),
  depends_on: z.array(runDependency),
  /** As `config.groups` was given, with how each stands. */
  groups: z.array(runGroup),
  /** 0–100. */
  progress: z.number(),
  /** 0–1 over settled, not skipped tests; null where none. */
  success_rate: z.number().nullable(),
  priority: z.int(),
  max_retries: z.int(),
  task_timeout_seconds: z.int(),
  tags,
  metadata: jsonObject,
  created_by: z.string(),
  rerun_of: z.string().nullable(),
  playwright_version: z.string().nullable(),
  /** Folder that files of tests are named below, from the suite's folder; null while it is not known, and for static runs. */
  tests_dir: z.string().nullable(),
  report: z.object({ state: z.enum(['none', 'merging', 'ready', 'failed']), message: z.string().nullable() }),
  scheduled_for: z.string().nullable(),
  schedule_cron: z.string().nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  completed_at: z.string().nullable(),
  duration_ms: z.int().nullable(),
  links: runLinks,
});
export type Run = z.infer<typeof run>;

export const runProgress = z.object({
  test_run_id: z.string(),
  status: runState,
  reason: z.string().nullable(),
  outcome: z.enum(['passed', 'failed']).nullable(),
  /** 0–100: finished tasks of all tasks. */
  progress: z.number(),
  tasks: z.object({
    total: z.int(),
    pending: z.int(),
    assigned: z.int(),
    running: z.int(),
    completed: z.int(),
    failed: z.int(),
    timeout: z.int(),
    cancelled: z.int(),
  }),
  tests: runTotals,
  /** 0–100: settled tests of all known tests. */
  tests_progress: z.number(),
  success_rate: z.number().nullable(),
  elapsed_ms: z.int().nullable(),
});
export type RunProgress = z.infer<typeof runProgress>;

export const runFilter = z.strictObject({
  status: runState.optional(),
  /** The verdict over its tests. */
  outcome: z.enum(['passed', 'failed']).optional(),
  project: z.string().optional(),
  tag: z.string().optional(),
  search: z.string().max(200).optional(),
});

/** Which tests a rerun takes, and from where. What is left out is as in the earlier run. */
export const runRetry = z.strictObject({
  only: z.enum(['all', 'failed']).default('failed'),
  /** Ids of the tests to run, in place of `only`. Of a serial group all of them run. */
  tests: z.array(testId).min(1).max(10_000).optional(),
  /** Other files: the working tree as it is now. */
  source: runSource.optional(),
  /** Goes with `source`: names often tell of a commit. */
  name: runCreate.shape.name.optional(),
  /** Entries that replace those of the earlier run, such as its commit. */
  metadata: jsonObject.optional(),
});
export type RunRetry = z.infer<typeof runRetry>;

export const runCancel = z.strictObject({ reason: z.string().max(500).default('cancelled by request') });
