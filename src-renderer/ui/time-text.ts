/** Times and durations as text. Formatters are made once: making one costs a hundred times more than using it. */
import { browserLanguages, regionOf, type Language } from './i18n.ts';

const dates = new Map<string, Intl.DateTimeFormat>();
const relatives = new Map<Language, Intl.RelativeTimeFormat>();

const STYLES = {
  day: { month: 'short', day: 'numeric' },
  time: { timeStyle: 'medium' },
  short: { dateStyle: 'short', timeStyle: 'short' },
  full: {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

/** `timeZone`: left out, that of the browser. */
export function dateText(at: number, language: Language, style: keyof typeof STYLES, timeZone?: string): string {
  const key = `${language} ${style} ${timeZone ?? ''}`;
  let format = dates.get(key);
  if (!format) {
    const region = regionOf(language, browserLanguages);
    format = new Intl.DateTimeFormat(region, { ...STYLES[style], ...(timeZone === undefined ? {} : { timeZone }) });
    dates.set(key, format);
  }
  return format.format(at);
}

/** The name of the time zone of this browser. */
export const ownTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `3 minutes ago`, `in 2 hours`; under a minute it is now. */
export function relativeText(at: number, now: number, language: Language): string {
  let format = relatives.get(language);
  if (!format) {
    format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
    relatives.set(language, format);
  }
  const distance = at - now;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(distance) >= length) ?? ['second', Infinity];
  return format.format(size === Infinity ? 0 : Math.trunc(distance / size), unit);
}

/** `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 07 min`. `seconds`: nothing finer, for what counts on. */
export function durationText(duration: number, language: Language, finest: 'ms' | 'seconds' = 'ms'): string {
  const seconds = duration / 1000;
  if (finest === 'ms') {
    if (duration < 1000) return `${Math.round(duration)} ms`;
    const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    if (seconds < 59.95) return `${seconds.toLocaleString(language, digits)} s`;
  }
  const whole = finest === 'ms' ? Math.round(seconds) : Math.floor(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}
