/** What all REST answers share: errors as problems (RFC 9457), and lists cut into pages. */
import { z } from 'zod';

/** A bad field: its path in the request (`capabilities.browsers[0]`), and what to do about it, as the end of a sentence. */
export const fieldError = z.object({ field: z.string(), message: z.string() });
export type FieldError = z.infer<typeof fieldError>;

/** The body of every answer from 400 on, as application/problem+json. */
export const problem = z
  .object({
    type: z.string(),
    /** The phrase of the status. */
    title: z.string(),
    status: z.int(),
    /** What went wrong and how to mend it, for people. */
    detail: z.string(),
    /** Names this one request; the coordinator's log has the same id. */
    instance: z.string(),
    /** Stable, for programs: `validation_failed`, `not_found`, … */
    code: z.string(),
    /** Present with status 422. */
    errors: z.array(fieldError).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

export const PROBLEM_TYPE = 'application/problem+json';

export const MAX_PAGE = 500;

/** Query of every list. `cursor` is the `next_cursor` of the page before; leave it out for the first page. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
  cursor: z.string().min(1).max(1000).optional(),
});

/** One page. `next_cursor` is null on the last one. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });

/** Opaque id in a path. */
export const id = z.string().min(1).max(100);
export const idParam = z.object({ id });

/** Time of day for people and programs alike: ISO 8601 in UTC. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
export const isoTimeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));
