/** Days and hours of a time zone, by its IANA name, daylight saving time included. */

/** Whether the runtime knows `name`. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export type CalendarUnit = 'hour' | 'day' | 'week';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The epoch was a Thursday; weeks begin on Monday. */
const MONDAY_OFFSET_DAYS = 3;
/** Longer than any of them is (a day of 25 hours), and shorter than two. */
const SAFELY_INTO_NEXT_MS = { hour: 1.5 * HOUR_MS, day: 1.5 * DAY_MS, week: 10.5 * DAY_MS };

const formats = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds to be added to UTC for the clock on the wall there at that moment. */
export function offsetAt(ms: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      ...parts,
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  return wall - Math.floor(ms / 1000) * 1000;
}

/** The moment at which the hour, day or week (from Monday) began there that `ms` lies in. */
export function startOf(unit: CalendarUnit, ms: number, zone: string): number {
  const offset = offsetAt(ms, zone);
  const wall = ms + offset;
  if (unit === 'hour') return wall - floorMod(wall, HOUR_MS) - offset;
  const days = Math.floor(wall / DAY_MS);
  const midnight = (unit === 'day' ? days : days - floorMod(days + MONDAY_OFFSET_DAYS, 7)) * DAY_MS;
  // The clocks may have been changed since.
  const guess = midnight - offset;
  return midnight - offsetAt(midnight - offsetAt(guess, zone), zone);
}

/** Hours, days or weeks without gaps, the first of which `from` lies in, and the last one ends at or behind `to`. */
export function calendar(from: number, to: number, unit: CalendarUnit, zone: string): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  let start = startOf(unit, from, zone);
  while (start < to) {
    // Where clocks change by half an hour, an hour may have no beginning of its own.
    const next = Math.max(startOf(unit, start + SAFELY_INTO_NEXT_MS[unit], zone), start + HOUR_MS);
    spans.push({ from: start, to: next });
    start = next;
  }
  return spans;
}

/** 0–167: hours of the week there since Monday 0 o'clock. */
export function hourOfWeek(ms: number, zone: string): number {
  const hours = Math.floor((ms + offsetAt(ms, zone)) / HOUR_MS);
  return floorMod(hours + MONDAY_OFFSET_DAYS * 24, 168);
}

const floorMod = (a: number, b: number): number => ((a % b) + b) % b;
