/** Whether backups are in order, and whether one is to be taken now. */
import { lastDue, type Schedule } from './schedule.ts';

export interface Tried {
  state: 'running' | 'done' | 'failed';
  startedAt: number;
  /** Why it failed, or what should be known of it. */
  detail: string | null;
}

/** How long after a failure the schedule tries again. */
export const RETRY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** `tried`: newest first. Something that was due while the coordinator was off, or failed, is made up for once. */
export function isDue(schedule: Schedule, tried: readonly Tried[], now: number): boolean {
  const due = lastDue(schedule, now);
  if (due === null) return false;
  const since = tried.filter(({ startedAt }) => startedAt >= due);
  const [last] = since;
  if (since.some(({ state }) => state !== 'failed')) return false;
  return last === undefined || now - last.startedAt >= RETRY_MS;
}

/**
 * Sentences for people. `lastGoodAt`: when the newest good one was begun. For `everybody` they name no folders: then the reason of a failure, which
 * may, is left out.
 */
export function warningsOf(
  schedule: Schedule,
  { tried, lastGoodAt }: { tried: readonly Tried[]; lastGoodAt: number | null },
  readers: 'everybody' | 'admins',
  now: number,
): string[] {
  const warnings: string[] = [];
  const ended = tried.find(({ state }) => state !== 'running');
  if (ended?.state === 'failed')
    warnings.push(
      readers === 'admins' && ended.detail !== null
        ? `The last backup failed (${when(ended.startedAt)}): ${ended.detail}`
        : `The last backup failed (${when(ended.startedAt)}): an admin sees why in Settings, Backups.`,
    );
  if (schedule.every === 'off') return warnings;
  const patience = schedule.every === 'weekly' ? 8 * DAY_MS : 2 * DAY_MS;
  if (lastGoodAt !== null && now - lastGoodAt > patience)
    warnings.push(`The last good backup is from ${when(lastGoodAt)}, although they are taken ${schedule.every}.`);
  return warnings;
}

const when = (at: number): string => new Date(at).toISOString().replace(/:\d\d\.\d+Z$/, 'Z');
