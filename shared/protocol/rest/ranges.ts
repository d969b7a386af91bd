/** Time ranges of REST queries, and whose project is meant. */
import { z } from 'zod';
import { isTimeZone } from '../../base/time-zone.ts';

const time = z.iso.datetime({ offset: true });

/** ISO times. `to` left out: now. `from` left out: 30 days before `to`. At most 400 days. */
export const rangeQuery = z.strictObject({ from: time.optional(), to: time.optional() });
export type RangeQuery = z.infer<typeof rangeQuery>;

/** IANA name such as Europe/Berlin: days and hours begin when they do there. */
export const timeZone = z
  .string()
  .max(100)
  .refine(isTimeZone, {
    error: ({ input }) => `${String(input)} is no time zone: take an IANA name such as Europe/Berlin`,
  });

/** Name or id of the project; `team` (id or name) where several teams have one of that name. */
export const ofProject = z.strictObject({ team: z.string().min(1).max(100).optional() });
export const someProject = z.strictObject({
  project: z.string().trim().min(1).max(200).optional(),
  team: ofProject.shape.team,
});

/** What was looked at. */
export const period = z.object({ from: z.string(), to: z.string() });
export type Period = z.infer<typeof period>;
