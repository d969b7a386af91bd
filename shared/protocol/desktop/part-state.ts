/** One of the app's child processes. */
import { z } from 'zod';

export const partState = z.object({
  /** waiting: it ended by itself and is started again at `nextAt`; given_up: it ended too often, `problem` says what to do. */
  state: z.enum(['off', 'starting', 'running', 'stopping', 'waiting', 'given_up']),
  /** Ends in a row that nobody asked for. */
  failures: z.int().min(0),
  /** Milliseconds since the epoch. */
  nextAt: z.int().min(0).nullable(),
  problem: z.string().nullable(),
});
export type PartState = z.infer<typeof partState>;
