/** REST shapes of projects: they group runs and their history, and come into being with their first run. */
import { z } from 'zod';

export const project = z.object({
  id: z.string(),
  name: z.string(),
  /** Whose it is. */
  team: z.object({ id: z.string(), name: z.string() }),
  /** How many runs it has, of any state. */
  runs: z.int().min(0),
  /** When its newest run was created; null where none is kept. */
  last_run_at: z.string().nullable(),
});
export type Project = z.infer<typeof project>;
