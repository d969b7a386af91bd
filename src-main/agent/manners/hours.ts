/**
 * The weekly schedule: whether a moment lies in the hours of a machine, and when that changes. A time of day means the first moment of
 * that day at which the clock on the wall there shows it or more: what daylight saving time leaves out begins with the hour after, and
 * what it shows twice counts once.
 */
import { offsetAt } from '../../../shared/base/time-zone.ts';
import { WEEKDAYS, type Hours, type Span } from '../../../shared/protocol/desktop/manners.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** After so many days without an exception a week has told all that it has to say. */
const WEEK_AND_A_DAY = 8;
/** Exceptions that are further away are looked at when they are nearer. */
const MOST_DAYS = 400;

export interface OpenOrNot {
  isOpen: boolean;
  /** When that changes; null where no change is to come. */
  until: number | null;
}

/** Pure. `now` and the answer are milliseconds since the epoch. */
export function openAt(hours: Hours, now: number): OpenOrNot {
  const today = dayAt(now, hours.timeZone);
  const last = Math.max(today, ...hours.exceptions.map(({ date }) => Date.parse(date)).filter((day) => day >= today));
  const end = Math.min(last + WEEK_AND_A_DAY * DAY_MS, today + MOST_DAYS * DAY_MS);
  let openUntil: number | null = null;
  // What began yesterday may last into today.
  for (let day = today - DAY_MS; day <= end; day += DAY_MS) {
    for (const { from, to } of momentsOf(day, hours)) {
      const since = openUntil ?? now;
      if (to <= since) continue;
      if (from > since) return { isOpen: openUntil !== null, until: openUntil ?? from };
      openUntil = to;
    }
  }
  // Open to the end of all that was looked at: it never closes.
  const isOpen = openUntil !== null;
  return { isOpen, until: isOpen && openUntil! < end ? openUntil : null };
}

/** The first moment of the day after the one that `now` lies in there. */
export function tomorrow(now: number, timeZone: string): number {
  return momentOf(dayAt(now, timeZone) + DAY_MS, timeZone);
}

/** Midnight, by UTC, of the date on the wall there. */
function dayAt(now: number, timeZone: string): number {
  return Math.floor((now + offsetAt(now, timeZone)) / DAY_MS) * DAY_MS;
}

/** What begins on that day, in the order of its beginnings. */
function momentsOf(day: number, { timeZone, week, exceptions }: Hours): { from: number; to: number }[] {
  const date = new Date(day).toISOString().slice(0, 10);
  // Day 0 of the epoch was a Thursday.
  const weekday = WEEKDAYS[(((day / DAY_MS + 3) % 7) + 7) % 7]!;
  const exception = exceptions.filter((each) => each.date === date);
  const spans: Span[] =
    exception.length > 0 ? exception.flatMap((each) => each.spans) : week.filter(({ days }) => days.includes(weekday));
  return spans
    .map((span) => {
      const [from, to] = [minutesOf(span.from), minutesOf(span.to)];
      const lasts = to > from ? to - from : to - from + DAY_MS / MINUTE_MS;
      const begin = day + from * MINUTE_MS;
      return { from: momentOf(begin, timeZone), to: momentOf(begin + lasts * MINUTE_MS, timeZone) };
    })
    .filter(({ from, to }) => to > from)
    .toSorted((a, b) => a.from - b.from);
}

function minutesOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}

/** The first moment at which the wall there shows `wall` (as if it were UTC) or, where it leaves that out, the first one behind. */
function momentOf(wall: number, timeZone: string): number {
  const offsets = [offsetAt(wall - DAY_MS, timeZone), offsetAt(wall + DAY_MS, timeZone)] as const;
  const shown = offsets.map((offset) => wall - offset).filter((ms) => ms + offsetAt(ms, timeZone) === wall);
  if (shown.length > 0) return Math.min(...shown);
  let [before, after] = [wall - Math.max(...offsets), wall - Math.min(...offsets)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle + offsetAt(middle, timeZone) >= wall) after = middle;
    else before = middle;
  }
  return after;
}
