/** REST shapes of a project's secrets: they can be written and named, and never be read. */
import { z } from 'zod';
import { LEAST_SECRET_LENGTH } from '../../base/redact.ts';
import { environmentName, variableName } from '../work.ts';

export const DEFAULT_ENVIRONMENT = 'default';
export const MAX_SECRETS = 500;

/** `project` is its name. It comes into being with its first run or its first secret. */
export const projectParam = z.object({ project: z.string().trim().min(1).max(200) });
export const secretParam = projectParam.extend({ environment: environmentName, name: variableName });

export const secretPut = z.strictObject({
  value: z
    .string()
    .min(
      LEAST_SECRET_LENGTH,
      `must have at least ${LEAST_SECRET_LENGTH} characters: shorter ones cannot be hidden in output`,
    )
    .max(32_768)
    .refine((value) => !value.includes('\0'), 'must not contain NUL')
    .refine((value) => value.trim().length >= LEAST_SECRET_LENGTH, 'must not be blank'),
  /** Also given to the task that only lists the suite's tests, for configs that do not load without it. */
  in_discovery: z.boolean().default(false),
});

export const secret = z
  .object({
    environment: z.string(),
    name: z.string(),
    in_discovery: z.boolean(),
    /** False where it was sealed with a key that is lost: set it again. */
    readable: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
    /** Name of the token that set it last. */
    updated_by: z.string(),
  })
  .meta({ id: 'Secret' });
export type Secret = z.infer<typeof secret>;

export const secretsAnswer = z.object({ items: z.array(secret) });
