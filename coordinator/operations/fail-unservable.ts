/** Ends runs that nobody could serve for too long, so that whoever waits for one gets an answer. */
import type { Clock } from '../../shared/base/clock.ts';
import { failRun } from '../dispatch/end-attempt.ts';
import type { Database, ReadHandle, WriteHandle } from '../storage/database.ts';

const EVERY_MS = 5_000;

export interface Patience {
  /** How long a run may stand unserved; 0 = for ever. */
  timeoutMs: number;
  /** Milliseconds since the epoch. What stood before it does not count: nobody looked then whether a worker was there. */
  from: number;
}

export interface GiveUpOptions {
  db: Database;
  clock: Clock;
  timeoutMs: () => number;
  /** Off, nothing is handed out, and what runs say about workers grows old. */
  enabled: () => boolean;
  report: (error: unknown, during: string) => void;
}

/** Looks now and then, until the returned function is called. */
export function startGivingUp({ db, clock, timeoutMs, enabled, report }: GiveUpOptions): () => void {
  let from = clock.now();
  let stopped = false;
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    if (!enabled()) {
      from = clock.now();
      return;
    }
    const patience = { timeoutMs: timeoutMs(), from };
    const due = await db.read((r) => unservedTooLong(r, patience, clock.now()));
    if (due.length > 0) await db.write((w) => failUnservable(w, patience, clock.now()));
  };
  const schedule = (): void => {
    if (stopped) return;
    cancel = clock.after(EVERY_MS, () => {
      look()
        .catch((error: unknown) => report(error, 'ending runs that nobody can serve'))
        .finally(schedule);
    });
  };
  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}

/** Fails the runs that nobody could serve for too long; their reason says for how long, why, and what would mend it. Returns their ids. */
export async function failUnservable(w: WriteHandle, patience: Patience, now: number): Promise<string[]> {
  const due = await unservedTooLong(w, patience, now);
  for (const { id, reason } of due) {
    await failRun(w, id, `Nobody could serve this run for ${inWords(patience.timeoutMs)}. ${reason}`, now);
  }
  return due.map((run) => run.id);
}

/**
 * Active runs that have said all the time why nobody can serve them, whatever the words, and of which nothing was held meanwhile: work that
 * goes on at some workers is not thrown away for what others lack, and workers that only poll are never connected.
 */
async function unservedTooLong(
  r: ReadHandle,
  { timeoutMs, from }: Patience,
  now: number,
): Promise<{ id: string; reason: string }[]> {
  if (timeoutMs === 0 || now - from < timeoutMs) return [];
  return r.all(
    `SELECT id, reason FROM runs
     WHERE state IN ('scheduling', 'running') AND reason IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.run_id = runs.id AND t.state IN ('assigned', 'running'))
       AND NOT EXISTS (SELECT 1 FROM tasks t JOIN task_attempts a ON a.task_id = t.id WHERE t.run_id = runs.id AND a.ended_at > ?)
       AND (SELECT coalesce(min(e.at), runs.created_at) FROM events e WHERE e.run_id = runs.id AND e.type = 'run.reason'
              AND e.seq > (SELECT coalesce(max(b.seq), 0) FROM events b WHERE b.run_id = runs.id
                             AND (b.type = 'run.state' OR (b.type = 'run.reason' AND b.data ->> 'reason' IS NULL)))) <= ?`,
    [now - timeoutMs, now - timeoutMs],
  );
}

function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [count, unit] =
    seconds % 3600 === 0
      ? [seconds / 3600, 'hour']
      : seconds % 60 === 0
        ? [seconds / 60, 'minute']
        : [seconds, 'second'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
