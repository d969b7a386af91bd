/** What `playfleet promote` and `demote` say once the central coordinator has proven that it has everything. */
import { z } from 'zod';

export const homeFigures = z.object({
  /** ISO 8601. */
  verified_at: z.string(),
  /** By kind. */
  counts: z.record(z.string(), z.int()),
  /** Over all of it, the same on both sides. */
  hash: z.string(),
  conflicts: z.int().min(0),
});
export type HomeFigures = z.infer<typeof homeFigures>;
