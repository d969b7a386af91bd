/** When backups are due: daily or weekly at a time of day in a time zone. */
import { offsetAt, startOf } from '../../../shared/base/time-zone.ts';

export const SCHEDULES = ['off', 'daily', 'weekly'] as const;
export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

export interface Schedule {
  every: (typeof SCHEDULES)[number];
  /** `HH:MM` on the clock on the wall there. */
  time: string;
  /** For weekly ones. */
  weekday: (typeof WEEKDAYS)[number];
  /** IANA name. */
  zone: string;
}

const DAY_MS = 86_400_000;

/** The last moment at or before `now` at which a backup was due; null: there is no schedule. */
export function lastDue(schedule: Schedule, now: number): number | null {
  return due(schedule, now, [0, -1], (at) => at <= now);
}

/** The first moment after `now`; null: there is no schedule. */
export function nextDue(schedule: Schedule, now: number): number | null {
  return due(schedule, now, [0, 1, 2], (at) => at > now);
}

function due({ every, time, weekday, zone }: Schedule, now: number, steps: number[], fits: (at: number) => boolean) {
  if (every === 'off') return null;
  const days = every === 'weekly' ? 7 : 1;
  const first = every === 'weekly' ? startOf('week', now, zone) : startOf('day', now, zone);
  for (const step of steps) {
    const shift = step * days + (every === 'weekly' ? WEEKDAYS.indexOf(weekday) : 0);
    // Noon of that day, whatever hours were left out or repeated on the way there.
    const midnight = startOf('day', first + shift * DAY_MS + DAY_MS / 2, zone);
    const at = momentOf(midnight, time, zone);
    if (fits(at)) return at;
  }
  return null;
}

/** A time that the clocks skip is taken as long after midnight as it says; one that they repeat, the first time. */
function momentOf(midnight: number, time: string, zone: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  const wall = midnight + offsetAt(midnight, zone) + (hours * 60 + minutes) * 60_000;
  const before = wall - offsetAt(midnight, zone);
  const after = wall - offsetAt(before, zone);
  return offsetAt(after, zone) === offsetAt(before, zone) ? after : before;
}
