/** When a run should be done, as people type it. */
import { CliFailure } from '../failure.ts';
import { milliseconds } from './quantities.ts';

const TAKES =
  '--deadline takes a time of day (15:30), a time from now (45m, 2h) or a date with time (2030-05-01T15:30)';

/** ISO 8601 in UTC. Times without a zone are this machine's; a time of day that is over today is tomorrow's. Throws CliFailure. */
export function deadlineAt(text: string, now: number): string {
  const at = readTime(text.trim(), now);
  if (!Number.isFinite(at)) throw new CliFailure(`${TAKES}, not "${text}".`);
  if (at <= now) throw new CliFailure(`--deadline ${text} is over already.`, 'Name a time that is still to come.');
  return new Date(at).toISOString();
}

function readTime(text: string, now: number): number {
  const timeOfDay = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (timeOfDay) {
    const day = new Date(now);
    day.setHours(Number(timeOfDay[1]), Number(timeOfDay[2]), 0, 0);
    if (day.getTime() <= now) day.setDate(day.getDate() + 1);
    return day.getTime();
  }
  if (/^\d+(\.\d+)?\s*[a-z]+$/i.test(text)) return now + milliseconds('--deadline', text, 1000);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : NaN;
}
