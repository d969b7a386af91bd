/** REST shapes of what helps to start a run: what is known of a suite, what a choice of tests would run and take, templates. */
import { z } from 'zod';
import { requirements, runSource } from '../work.ts';
import { id } from './common.ts';
import { runCreate } from './runs.ts';

/** Where what is known of a suite comes from: the newest run that took all of its tests, else the one that found the most. */
export const suiteBasis = z.object({
  run_id: z.string(),
  number: z.int(),
  at: z.string(),
  age_ms: z.int(),
  /** That run took only a part of the suite: there may be more tests than are known. */
  partial: z.boolean(),
});

export type SuiteBasis = z.infer<typeof suiteBasis>;

const counted = z.object({ name: z.string(), tests: z.int() });

/** GET projects/{project}/suite */
export const suite = z.object({
  basis: suiteBasis,
  tests: z.int(),
  /** Playwright projects that tests are chosen by; setup and teardown are not among them. In the order of the suite. */
  projects: z.array(counted),
  /** Most used first. */
  tags: z.array(counted),
  /** By path; at most 5,000. */
  files: z.array(counted),
  playwright_version: z.string().nullable(),
});
export type Suite = z.infer<typeof suite>;

/** What is chosen, as Playwright's arguments say it. All that is given must hold; of a list, one of its entries. */
export const testChoice = z.strictObject({
  /** Names; * stands for any text. */
  projects: z.array(z.string().min(1).max(500)).max(100).default([]),
  /** Parts of paths, or regular expressions, as in `playwright test FILE`. */
  files: z.array(z.string().min(1).max(1000)).max(100).default([]),
  grep: z.string().min(1).max(1000).optional(),
  grep_invert: z.string().min(1).max(1000).optional(),
  /** With or without the @. */
  tags: z.array(z.string().min(1).max(200)).max(100).default([]),
});
export type TestChoice = z.infer<typeof testChoice>;

/** POST projects/{project}/preview: changes nothing. */
export const previewRequest = z.strictObject({
  ...testChoice.shape,
  /** Which workers may take it. */
  requirements: requirements.default({}),
  /** Reckon with so many slots instead of those of the workers. */
  slots: z.int().min(1).max(100_000).optional(),
});
export const preview = z.object({
  basis: suiteBasis,
  matching: z.int(),
  of: z.int(),
  /** The first 20 in the order of the suite. */
  first: z.array(z.object({ test_id: z.string(), title: z.string(), project: z.string(), file: z.string() })),
  /** Workers that would be given its tasks now, and their slots. */
  workers: z.int(),
  slots: z.int(),
  slots_free: z.int(),
  /** Why there are none, with the mend; null where there are. */
  why_no_workers: z.string().nullable(),
  /** null where nothing matches or no slot could run it. */
  prediction: z
    .object({
      /** Longest first on these slots with the learned cost of a start, if nothing else runs. Installing and checkout are not in it. */
      duration_ms: z.number(),
      /** max(work / slots, longest unit): no schedule on these slots can be shorter. */
      lower_bound_ms: z.number(),
      work_ms: z.number(),
      longest_ms: z.number(),
      /** Of the matching tests, how many have run before: the rest is guessed from tests like them. */
      known: z.int(),
    })
    .nullable(),
});
export type Preview = z.infer<typeof preview>;

/** GET projects/{project}/sources: where earlier runs had their files from, the newest of each first. From its last 500 runs. */
const lastRun = z.object({ run_id: z.string(), number: z.int(), name: z.string(), at: z.string() });
export const sources = z.object({
  branches: z.array(
    z.object({
      branch: z.string(),
      commit: z.string().nullable(),
      /** null where only bundles of it were run. */
      git: z.object({ url: z.string(), projectDir: z.string() }).nullable(),
      runs: z.int(),
      last: lastRun,
    }),
  ),
  /** Working trees that were sent; `stored`: still whole, so that it can be run again. */
  bundles: z.array(
    z.object({
      source: runSource,
      branch: z.string().nullable(),
      commit: z.string().nullable(),
      changed: z.boolean().nullable(),
      stored: z.boolean(),
      last: lastRun,
    }),
  ),
  paths: z.array(z.object({ source: runSource, last: lastRun })),
  environments: z.array(z.string()),
});
export type Sources = z.infer<typeof sources>;

/** Version of the shape below, kept with each template. */
export const TEMPLATE_VERSION = 1;
const set = runCreate.shape;
/** What a template sets of a run; what it leaves out is as POST test-runs/create has it by default. Values in `env` are never shown again. */
export const templateOptions = z.strictObject({
  /** Of its runs; left out: the template's. */
  name: set.name.optional(),
  description: set.description.unwrap().optional(),
  project: set.project.unwrap().optional(),
  kind: set.kind,
  total_shards: set.total_shards,
  config: set.config.unwrap().optional(),
  source: set.source.unwrap().optional(),
  requirements: set.requirements.unwrap().optional(),
  requests: set.requests.unwrap().optional(),
  environment: set.environment,
  order: set.order.unwrap().optional(),
  priority: set.priority.unwrap().optional(),
  tags: set.tags.unwrap().optional(),
  metadata: set.metadata.unwrap().optional(),
  env: set.env,
  max_retries: set.max_retries,
  task_timeout_seconds: set.task_timeout_seconds,
});
export type TemplateOptions = z.infer<typeof templateOptions>;

const templateName = z.string().trim().min(1).max(100);
/** POST run-templates, and PUT run-templates/{id} without `team`. */
export const templatePut = z.strictObject({
  /** Unique in its team. */
  name: templateName,
  description: z.string().max(5000).default(''),
  category: z.string().trim().max(100).default(''),
  options: templateOptions,
});
export type TemplatePut = z.infer<typeof templatePut>;
export const templateCreate = templatePut.extend({ team: z.string().min(1).max(100).optional() });
export const template = templatePut.extend({
  id,
  team: z.object({ id: z.string(), name: z.string() }),
  created_at: z.string(),
  created_by: z.string(),
  updated_at: z.string(),
  updated_by: z.string(),
  /** How many runs were started from it. */
  used: z.int(),
  last_used_at: z.string().nullable(),
});
export type Template = z.infer<typeof template>;
export const templateFilter = z.strictObject({
  category: z.string().max(100).optional(),
  team: z.string().min(1).max(100).optional(),
  name: templateName.optional(),
});
/** POST run-templates/{id}/run: what differs this once. A part that is given stands in place of the template's, `metadata` and `env` beside it. */
export const templateRun = z.strictObject({
  ...templateOptions.shape,
  deadline: set.deadline,
  scheduled_for: set.scheduled_for,
  depends_on: set.depends_on,
});
export type TemplateRun = z.infer<typeof templateRun>;
