/** The hours of a computer as the page shows them, day by day, and as they are kept: spans with the days on which they hold. */
import type { Hours, Span, Weekday } from '../../shared/protocol/desktop/manners.ts';

export const DAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
export type Week = Readonly<Record<Weekday, readonly Span[]>>;

export const WORKDAY: Span = { from: '09:00', to: '18:00' };

/** What a computer with hours begins with: when its team works. */
export const firstHours = (timeZone: string): Hours => ({
  timeZone,
  week: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], ...WORKDAY }],
  exceptions: [],
});

/** Fields for times know no 24:00; until 00:00 of the next day is the same. */
const shown = ({ from, to }: Span): Span => ({ from, to: to === '24:00' ? '00:00' : to });

export function byDay(week: Hours['week']): Week {
  const days = Object.fromEntries(DAYS.map((day) => [day, [] as Span[]])) as Record<Weekday, Span[]>;
  for (const span of week) for (const day of span.days) days[day].push(shown(span));
  for (const spans of Object.values(days)) spans.sort((a, b) => a.from.localeCompare(b.from));
  return days;
}

/** Equal spans of several days become one. */
export function toWeek(days: Week): Hours['week'] {
  const found = new Map<string, Hours['week'][number]>();
  for (const day of DAYS) {
    for (const { from, to } of days[day]) {
      const key = `${from} ${to}`;
      const known = found.get(key);
      if (known) known.days.push(day);
      else found.set(key, { days: [day], from, to });
    }
  }
  return [...found.values()];
}

/** All time zones that this browser knows, and the chosen one. */
export function timeZones(chosen: string): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return known.includes(chosen) ? known : [chosen, ...known];
}

/** A day's name in the language: 2024 began on a Monday. */
export const dayName = (day: Weekday, language: string): string =>
  new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(
    Date.UTC(2024, 0, 1 + DAYS.indexOf(day)),
  );
