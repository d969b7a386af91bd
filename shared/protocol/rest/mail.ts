/** REST shapes of mails that the coordinator sends. What they say is never answered. */
import { z } from 'zod';
import { email } from './people.ts';

export const mailTest = z.strictObject({
  /** Default: the address of who asks. */
  to: email.optional(),
});
export const mailTested = z.object({ message: z.string() });

export const mailState = z.object({
  /** A mail server and a sender are set. */
  is_set_up: z.boolean(),
  waiting: z.int(),
  oldest_waiting_at: z.string().nullable(),
  last_sent_at: z.string().nullable(),
  /** Given up within the last 30 days. */
  failed: z.int(),
  /** Why the mail server cannot be used now; null: nothing is known against it. */
  last_error: z.object({ at: z.string(), message: z.string() }).nullable(),
  /** Newest first. */
  troubles: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      recipient: z.string(),
      state: z.enum(['waiting', 'failed']),
      tries: z.int(),
      created_at: z.string(),
      error: z.string(),
    }),
  ),
});
