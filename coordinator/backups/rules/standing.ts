/** Whether backups are in order, and whether one is to be taken now. */
import { lastDue, type Schedule } from './schedule.ts';

export interface Tried {
  state: 'running' | 'done' | 'failed';
  startedAt: number;
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

/** Sentences for people. `lastGoodAt`: when the newest good one was begun. They name no folders: anybody may read them. */
export function warningsOf(
  schedule: Schedule,
  tried: readonly Tried[],
  lastGoodAt: number | null,
  now: number,
): string[] {
  const warnings: string[] = [];
  const ended = tried.find(({ state }) => state !== 'running');
  if (ended?.state === 'failed')
    warnings.push(`The last backup failed (${when(ended.startedAt)}): an admin sees why in Settings, Backups.`);
  if (schedule.every === 'off') return warnings;
  const patience = schedule.every === 'weekly' ? 8 * DAY_MS : 2 * DAY_MS;
  if (lastGoodAt !== null && now - lastGoodAt > patience)
    warnings.push(`The last good backup is from ${when(lastGoodAt)}, although they are taken ${schedule.every}.`);
  return warnings;
}

const when = (at: number): string => new Date(at).toISOString().replace(/:\d\d\.\d+Z$/, 'Z');
