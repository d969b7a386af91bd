/** Deletes what is only kept for a while, in small pieces, so that nobody waits for it. */
import type { Clock } from '../../shared/base/clock.ts';
import { forgetIdempotencyKeys } from '../http/commit.ts';
import type { Database } from '../storage/database.ts';
import { forgetJoinCodes } from '../joining/queries.ts';
import { forgetMails } from '../mail/outbox.ts';
import { forgetBrowsers, forgetDevices, forgetSessions } from '../people/sessions.ts';
import { forgetTickets } from '../people/tickets.ts';
import { forgetHeartbeats } from '../workers/forget-heartbeats.ts';

const EVERY_MS = 15 * 60_000;
const AT_ONCE = 2_000;

export interface TidyOptions {
  db: Database;
  clock: Clock;
  report: (error: unknown, during: string) => void;
}

/** Tidies now and then, until the returned function is called. */
export function startTidying(options: TidyOptions): () => void {
  const { clock, report } = options;
  let stopped = false;
  let cancel = (): void => undefined;
  const schedule = (ms: number): void => {
    if (stopped) return;
    cancel = clock.after(ms, () => {
      tidy(options)
        .catch((error: unknown) => report(error, 'tidying'))
        .finally(() => schedule(EVERY_MS));
    });
  };
  schedule(EVERY_MS);
  return () => {
    stopped = true;
    cancel();
  };
}

async function tidy({ db, clock }: TidyOptions): Promise<void> {
  const now = clock.now();
  const all = [
    forgetHeartbeats,
    forgetIdempotencyKeys,
    forgetTickets,
    forgetSessions,
    forgetDevices,
    forgetBrowsers,
    forgetMails,
    forgetJoinCodes,
  ];
  for (const forget of all) {
    while ((await db.write((w) => forget(w, AT_ONCE, now))) === AT_ONCE);
  }
}
