/** REST shapes of actions on several objects at once. Each stands for itself: what cannot be done to one keeps nobody from the others. */
import { z } from 'zod';
import { id } from './common.ts';
import { runCancel, runRetry } from './runs.ts';
import { workerIntent } from './workers.ts';
import { tag } from '../work.ts';

const several = z.array(id).min(1).max(200);

/** POST test-runs/bulk. Ids or numbers. A run that has ended is not cancelled again: its result is `unchanged`. */
export const runsBulk = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('cancel'), ids: several, reason: runCancel.shape.reason }),
  z.strictObject({ action: z.literal('retry'), ids: several, only: runRetry.shape.only }),
]);

/** POST workers/bulk. `intent` with tags at once is one change. */
export const workersBulk = z
  .strictObject({
    ids: several,
    intent: workerIntent.optional(),
    reason: z.string().trim().max(500).optional(),
    add_tags: z.array(tag).max(100).default([]),
    remove_tags: z.array(tag).max(100).default([]),
  })
  .refine((asked) => asked.intent !== undefined || asked.add_tags.length + asked.remove_tags.length > 0, {
    message: 'needs one of intent, add_tags, remove_tags',
  });

/** As HTTP would answer each alone, in the order asked for. */
export const bulkItem = z.object({
  id: z.string(),
  result: z.enum(['done', 'unchanged', 'refused']),
  /** 200 or 201, or that of the refusal: 403, 404, 409. */
  status: z.int(),
  /** Of the refusal; null where there is none. */
  code: z.string().nullable(),
  detail: z.string().nullable(),
  /** The new run, where one was created. */
  test_run_id: z.string().nullable(),
  number: z.int().nullable(),
});
export const bulkAnswer = z.object({
  done: z.int(),
  unchanged: z.int(),
  refused: z.int(),
  items: z.array(bulkItem),
});
export type BulkItem = z.infer<typeof bulkItem>;
export type BulkAnswer = z.infer<typeof bulkAnswer>;
