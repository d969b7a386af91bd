/** REST shapes of what admins say about scheduling: caps, weights, and ordered rules. */
import { z } from 'zod';
import { browserName, environmentName, tag } from '../work.ts';
import { id } from './common.ts';

const weightValue = z.number().min(0.01).max(1000);
const limit = z.int().min(0).max(100_000);
const name = z.string().trim().min(1).max(200);

/** At most `limit` tasks at once, over all machines, of runs with a tag or against an environment. */
export const cap = z
  .strictObject({
    tag: tag.optional(),
    /** The environment that runs name, or the base_url that they test. */
    environment: z.union([environmentName, z.url({ protocol: /^https?$/ }).max(2000)]).optional(),
    limit,
  })
  .refine((one) => (one.tag === undefined) !== (one.environment === undefined), {
    path: ['tag'],
    error: 'must be given, or environment in its place: a cap is for one of them',
  });
export type Cap = z.infer<typeof cap>;

/** How large the part of a user or project is where slots are short; 1 for whom nothing is set. */
export const weight = z
  .strictObject({ user: name.optional(), project: name.optional(), weight: weightValue })
  .refine((one) => (one.user === undefined) !== (one.project === undefined), {
    path: ['user'],
    error: 'must be given, or project in its place: a weight is for one of them',
  });
export type Weight = z.infer<typeof weight>;

/** The strategies that are built in; plugins add more. */
export const strategyName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be the name of a strategy: lower-case letters, digits, _ and -');

/** All that `when` names must match; `then` says what follows. */
export const rule = z
  .strictObject({
    name,
    when: z.strictObject({
      project: name.optional(),
      /** One of the run's tags. */
      tag: tag.optional(),
      /** As the run's metadata has it; `*` stands for any text. */
      branch: z.string().min(1).max(250).optional(),
      browser: browserName.optional(),
    }),
    then: z.strictObject({
      /** Tags of workers. */
      prefer: tag.optional(),
      require: tag.optional(),
      avoid: tag.optional(),
      strategy: strategyName.optional(),
      /** In place of the run's own. */
      priority: z.int().min(0).max(1000).optional(),
    }),
  })
  .superRefine(({ when, then }, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (Object.keys(when).length === 0)
      issue(['when'], 'must name a project, tag, branch or browser: a rule for everything is a setting');
    if (Object.keys(then).length === 0) issue(['then'], 'must say prefer, require, avoid, strategy or priority');
    if (when.browser !== undefined && then.priority !== undefined)
      issue(['then', 'priority'], 'belongs to whole runs: leave when.browser out, or set no priority');
    if (then.avoid !== undefined && (then.avoid === then.require || then.avoid === then.prefer))
      issue(['then', 'avoid'], 'names a tag that the same rule wants: leave one of them out');
  });
export type Rule = z.infer<typeof rule>;

const stored = { id, updated_at: z.string(), updated_by: z.string() };
const kept = <T extends z.ZodType>(value: T) => z.object({ ...stored, value });

export const keptCap = kept(cap);
export const keptWeight = kept(weight);
/** Rules count in the order in which they are listed. */
export const keptRule = kept(rule);
export type Kept<T> = { id: string; updated_at: string; updated_by: string; value: T };

export const removed = z.object({ id, message: z.string() });
