/** Hours as people type them: `mon-fri 9:00-18:00; sat 10-14; 2026-12-24 off; 2026-12-31 9-12 Europe/Berlin`. */
import { isTimeZone } from '../../../shared/base/time-zone.ts';
import { hours, WEEKDAYS, type Hours, type Span, type Weekday } from '../../../shared/protocol/desktop/manners.ts';

const FORM = 'must be days and times, as mon-fri 9:00-18:00 Europe/Berlin, with ; between several, or always';
const SPAN = /^(\d{1,2})(?::(\d{2}))?-(\d{1,2})(?::(\d{2}))?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/**
 * @param ownZone the machine's time zone, where the text names none.
 * @returns null for `always`.
 * @throws Error whose message names the part that is wrong, as the end of a sentence that begins with where the text was given.
 */
export function parseHours(text: string, ownZone: string): Hours | null {
  const words = text.trim().split(/\s+/);
  if (words.length === 1 && words[0]?.toLowerCase() === 'always') return null;
  const last = words.at(-1) ?? '';
  const isZone = last.includes('/') || last === 'UTC';
  if (isZone && !isTimeZone(last)) throw new Error(`${last} is no time zone that this machine knows, as Europe/Berlin`);
  const week: Hours['week'] = [];
  const exceptions: Hours['exceptions'] = [];
  for (const part of (isZone ? words.slice(0, -1) : words).join(' ').split(';')) {
    const [on = '', ...times] = part.trim().split(' ');
    const spans = times.length === 1 && times[0] === 'off' ? [] : times.map((time) => spanOf(time, part));
    if (times.length === 0) throw new Error(`${FORM}; not understood: "${part.trim()}"`);
    if (DATE.test(on)) exceptions.push({ date: on, spans });
    else week.push(...spans.map((span) => ({ days: daysOf(on, part), ...span })));
  }
  const parsed = hours.safeParse({ timeZone: isZone ? last : ownZone, week, exceptions });
  if (!parsed.success) throw new Error(parsed.error.issues[0]?.message ?? FORM);
  return parsed.data;
}

function spanOf(text: string, part: string): Span {
  const [, fromHour, fromMinute = '00', toHour, toMinute = '00'] = SPAN.exec(text) ?? [];
  if (fromHour === undefined || toHour === undefined) throw new Error(`${FORM}; not understood: "${part.trim()}"`);
  return { from: `${fromHour.padStart(2, '0')}:${fromMinute}`, to: `${toHour.padStart(2, '0')}:${toMinute}` };
}

/** `mon-fri`, `sat,sun`, `daily`; a range may go over Sunday. */
function daysOf(text: string, part: string): Weekday[] {
  if (text.toLowerCase() === 'daily') return [...WEEKDAYS];
  const days = text
    .toLowerCase()
    .split(',')
    .flatMap((range) => {
      const [from = '', to = from, ...more] = range.split('-');
      const [first, last] = [from, to].map((name) => WEEKDAYS.findIndex((day) => day === name)) as [number, number];
      if (first < 0 || last < 0 || more.length > 0)
        throw new Error(`${FORM}; days are ${WEEKDAYS.join(', ')} or daily: "${part.trim()}"`);
      const count = ((last - first + 7) % 7) + 1;
      return Array.from({ length: count }, (_, i) => WEEKDAYS[(first + i) % 7]!);
    });
  return [...new Set(days)];
}
