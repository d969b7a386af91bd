/** What a worker is, what a run consists of and needs, and what one grant of work says: used by REST and the agent link alike. */
import { z } from 'zod';
import { gitRefProblem, gitUrlProblem } from '../base/git-source.ts';
import { pathProblem } from '../base/tree-path.ts';

export const browserName = z.enum(['chromium', 'firefox', 'webkit']);
export type BrowserName = z.infer<typeof browserName>;

const shortText = z.string().max(500);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** Detected by the agent, never typed by hand. Sizes in bytes. */
export const capabilities = z.object({
  platform: z.enum(['linux', 'darwin', 'win32', 'freebsd', 'openbsd', 'sunos', 'aix']),
  platform_version: shortText.default(''),
  arch: shortText,
  cpus: z.int().min(1).max(10_000),
  cpu_model: shortText.default(''),
  memory_bytes: z.int().min(0),
  disk_free_bytes: z.int().min(0).nullable().default(null),
  /** Browsers that were really launched on this machine. */
  browsers: z.partialRecord(browserName, z.object({ version: shortText, how: z.enum(['playwright', 'system']) })),
  /** Why the other browsers are not there, for people. */
  missing_browsers: z.partialRecord(browserName, z.string().max(2000)).default({}),
  displays: z.int().min(0).default(0),
  node_version: shortText.default(''),
  /** Stable hash over hardware serials or, without them, the machine's identity: two agents on one machine have the same. */
  fingerprint: shortText.nullable().default(null),
});
export type Capabilities = z.infer<typeof capabilities>;

export const tag = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:/=-]{0,99}$/,
    'letters, digits and . _ : / = - only, at most 100, beginning with a letter or digit',
  );
export const MAX_TAGS = 100;
export const tags = z.array(tag).max(MAX_TAGS);

/** What a run tests against, as people call it. */
export const environmentName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    'letters, digits and . _ - only, at most 100, beginning with a letter or digit',
  );

/** What one slot needs for itself: set aside on the worker while the task is held. */
export const request = z.strictObject({
  cpus: z.number().min(0.1).max(1000).optional(),
  memory_bytes: z
    .int()
    .min(1)
    .max(2 ** 50)
    .optional(),
});
export type Request = z.infer<typeof request>;

/** For all of a run, and by tag of tests (`@heavy`) in its place; where several tags of a test match, the most counts. */
export const requests = request.extend({
  by_tag: z.record(z.string().min(1).max(200), request).optional(),
});
export type Requests = z.infer<typeof requests>;

/** Where a run's suite comes from. `projectDir` is POSIX, relative to the tree or repository, '' for its top. */
const projectDir = z
  .string()
  .max(1000)
  .refine((dir) => dir === '' || pathProblem(dir) === null, {
    error: ({ input }) => pathProblem(String(input)) ?? 'is not a folder below the top',
  })
  .default('');
export const runSource = z.discriminatedUnion('type', [
  /** The launcher's working tree, content-addressed. */
  z.strictObject({ type: z.literal('bundle'), tree: sha256, projectDir }),
  /** `commit` is filled in by the machine that discovers, so that all machines run the same. */
  z.strictObject({
    type: z.literal('git'),
    url: z.string().refine((url) => gitUrlProblem(url) === null, {
      error: ({ input }) => gitUrlProblem(String(input)) ?? 'is no address of a repository',
    }),
    ref: z
      .string()
      .refine((ref) => gitRefProblem(ref) === null, {
        error: ({ input }) => gitRefProblem(String(input)) ?? 'is no branch, tag or commit',
      })
      .default('HEAD'),
    commit: z
      .string()
      .regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/)
      .nullable()
      .default(null),
    projectDir,
  }),
  /** A folder that exists on every worker, used in place where the worker's owner allows it. */
  z.strictObject({ type: z.literal('path'), path: z.string().min(1).max(2000) }),
]);
export type RunSource = z.infer<typeof runSource>;

/** What a worker must have to be given work of a run. */
export const requirements = z.strictObject({
  browsers: z.array(browserName).max(3).optional(),
  platform: z.array(z.string().max(20)).max(10).optional(),
  arch: z.array(z.string().max(20)).max(10).optional(),
  min_cpus: z.int().min(1).max(10_000).optional(),
  min_memory_bytes: z.int().min(0).optional(),
  min_disk_bytes: z.int().min(0).optional(),
  min_displays: z.int().min(0).max(100).optional(),
  /** All of these. */
  tags: tags.optional(),
});
export type Requirements = z.infer<typeof requirements>;

/** Name of an environment variable for the tests; those that would change how our processes run are refused. */
export const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/, 'letters, digits and _ only, not beginning with a digit')
  .refine(
    (name) => !/^(NODE_OPTIONS|LD_PRELOAD|LD_LIBRARY_PATH|DYLD_.*|PATH|PLAYFLEET_.*|PLAYWRIGHT_BLOB_.*)$/i.test(name),
    { message: 'is reserved; choose another name' },
  );
export const environment = z.record(
  variableName,
  z
    .string()
    .max(32_768)
    .refine((value) => !value.includes('\0'), 'must not contain NUL'),
);

/** The customer's names (browser, base_url, timeout) and ours beside them. Times in milliseconds. */
export const runConfig = z.strictObject({
  /** Name of the Playwright project to run (`--project`); chromium, firefox and webkit also become a requirement. */
  browser: z.string().min(1).max(200).optional(),
  /** Reaches the tests as PLAYWRIGHT_TEST_BASE_URL, which Playwright takes as `use.baseURL`, and as BASE_URL. */
  base_url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional(),
  /** `--timeout`: per test, 0 = none. */
  timeout: z.int().min(0).max(86_400_000).optional(),
  /** `--retries` of the suite. */
  retries: z.int().min(0).max(100).optional(),
  /** Path of the config file, relative to projectDir. */
  config_file: z.string().min(1).max(1000).optional(),
  /** Further Playwright arguments, as after `playwright test`; those that Playfleet sets itself are refused. */
  args: z.array(z.string().max(4000)).max(200).default([]),
  env: environment.default({}),
});
export type RunConfig = z.infer<typeof runConfig>;

/**
 * A part of a queue run that begins only when others have ended. A unit belongs to the first group that selects one of its tests; units of
 * no group wait for nothing. Never part of a grant: agents know no groups.
 */
export const taskGroup = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .refine((name) => !/[\p{Cc}→]/u.test(name), 'must not contain control characters or →'),
  /** All that is given must hold. */
  select: z
    .strictObject({
      /** Name of a Playwright project that is not run before others anyway. */
      project: z.string().min(1).max(500).optional(),
      /** Path below the suite's root, with * and ** and ?. */
      file: z.string().min(1).max(500).optional(),
      /** With or without the @. */
      tag: z.string().min(1).max(200).optional(),
      /** Text in project, file, titles and tags, joined by spaces as for Playwright's --grep; * stands for any text. */
      grep: z.string().min(1).max(500).optional(),
    })
    .refine(
      (select) => Object.values(select).some((value) => value !== undefined),
      'needs one of project, file, tag, grep',
    ),
  /** Names of groups that must have ended before. */
  after: z.array(z.string().max(100)).max(50).default([]),
  /** What becomes of this group when one before it failed or was not run. */
  on_failure: z.enum(['skip', 'continue']).default('skip'),
});
export type TaskGroup = z.infer<typeof taskGroup>;
/** waiting → running → passed | failed, or waiting → skipped. */
export const groupState = z.enum(['waiting', 'running', 'passed', 'failed', 'skipped']);
export type GroupState = z.infer<typeof groupState>;

/** One grant: everything an agent needs to carry out one attempt of a task. Durations, not deadlines: only the coordinator's clock decides. */
export const grant = z.object({
  taskId: z.string(),
  runId: z.string(),
  runName: z.string(),
  /** Name; absent from coordinators that speak link protocol 3 or less. */
  project: z.string().optional(),
  attempt: z.int().min(1),
  fence: z.int().min(1),
  leaseMs: z.int().min(1),
  timeoutMs: z.int().min(1),
  /** How many slots it takes; Playwright gets as many workers. More than 1 only where a machine must run one process at a time. */
  slots: z.int().min(1),
  source: runSource.nullable(),
  config: runConfig,
  /** Environment variables whose values must not be told (link protocol 4). They exist in memory alone, and end with the attempt. */
  secrets: z.record(z.string(), z.string()).optional(),
  /** Browsers that its tests use, as far as is known: the worker makes sure of them before it begins. */
  browsers: z.array(browserName).max(3).optional(),
  work: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('discover') }),
    z.object({
      kind: z.literal('shard'),
      index: z.int().min(1),
      total: z.int().min(1),
      settledTestIds: z.array(z.string()),
    }),
    z.object({ kind: z.literal('units'), testIds: z.array(z.string()).min(1) }),
  ]),
});
export type Grant = z.infer<typeof grant>;

export const machineMetrics = z.object({
  cpu_percent: z.number().min(0).max(100).nullable().default(null),
  memory_used_bytes: z.int().min(0).nullable().default(null),
  memory_total_bytes: z.int().min(0).nullable().default(null),
  disk_free_bytes: z.int().min(0).nullable().default(null),
  disk_total_bytes: z.int().min(0).nullable().default(null),
});
export type MachineMetrics = z.infer<typeof machineMetrics>;

/** How the Playwright process of an attempt ended, as its agent saw it. */
export const processEnd = z.object({
  /** finished: the reporter said its last word. crashed: it did not. timeout, cancelled: we stopped it. prepare_failed: it never started. */
  how: z.enum(['finished', 'crashed', 'timeout', 'cancelled', 'prepare_failed']),
  message: z.string().max(100_000).nullable().default(null),
  stack: z.string().max(100_000).nullable().default(null),
  exitCode: z.int().nullable().default(null),
  /** Planned tests that Playwright itself chose not to begin (failed setup, max failures). */
  notRun: z.array(z.string()).max(200_000).default([]),
  wallMs: z.number().min(0),
  peakMemoryBytes: z.int().min(0).nullable().default(null),
  meanCpuPercent: z.number().min(0).nullable().default(null),
  /** The blob report's hash; its bytes are uploaded before this is sent. */
  blobSha256: sha256.nullable().default(null),
  blobSize: z.int().min(0).nullable().default(null),
  /** Not worth another try on the same input: a config error, a missing dependency that all machines lack. */
  permanent: z.boolean().default(false),
});
export type ProcessEnd = z.infer<typeof processEnd>;
