/** The time that is looked at, as it stands in the address, and as the API takes it. Days begin when they do in the chosen time zone. */
import { offsetAt, startOf, isTimeZone } from '../../shared/base/time-zone.ts';
import { ownTimeZone } from '../ui/time-text.ts';

export const RANGES = ['24h', '7d', '30d', '90d', '365d', 'own'] as const;
export type RangeKey = (typeof RANGES)[number];
export type Bucket = 'hour' | 'day' | 'week';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOON_MS = 12 * HOUR_MS;
const DAYS: Record<Exclude<RangeKey, '24h' | 'own'>, number> = { '7d': 7, '30d': 30, '90d': 90, '365d': 365 };
const MOST_DAYS = 400;
/** Machines are looked at for no longer. */
export const MOST_DAYS_OF_WORKERS = 62;
/** Longer ranges are shown in larger pieces. */
const LONGEST_BY_HOUR_MS = 2 * DAY_MS;
const LONGEST_BY_DAY_MS = 120 * DAY_MS;

export interface Asked {
  range: string;
  /** Of an own range: `2026-11-21`, both days included. */
  from: string;
  to: string;
  zone: string;
}

export interface Span {
  from: number;
  /** null: until now. */
  to: number | null;
  bucket: Bucket;
}

/** The moment at which a day begins there; null: that is no day. */
export function dayStart(day: string, zone: string): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
  if (!match) return null;
  const noon = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) + NOON_MS;
  if (!Number.isFinite(noon) || !new Date(noon).toISOString().startsWith(day)) return null;
  return startOf('day', noon - offsetAt(noon, zone), zone);
}

/** The same all day long (all hour long for 24h), so that the question to the coordinator stays the same. */
export function spanOf({ range, from, to, zone }: Asked, now: number): Span {
  if (range === '24h') return { from: startOf('hour', now, zone) - 24 * HOUR_MS, to: null, bucket: 'hour' };
  if (range === 'own') {
    const first = dayStart(from, zone);
    const last = dayStart(to, zone);
    const end = last === null ? null : startOf('day', last + 1.5 * DAY_MS, zone);
    const begin = first ?? startOf('day', (end ?? now) - 29 * DAY_MS, zone);
    const until = end === null || end > now ? null : end;
    const clamped = Math.max(begin, (until ?? now) - MOST_DAYS * DAY_MS);
    if (clamped >= (until ?? now)) return spanOf({ range: '30d', from, to, zone }, now);
    return { from: clamped, to: until, bucket: bucketFor((until ?? now) - clamped) };
  }
  const days = DAYS[range as keyof typeof DAYS] ?? DAYS['30d'];
  // Noon of that day, whatever the clocks did since.
  const first = startOf('day', startOf('day', now, zone) + NOON_MS - (days - 1) * DAY_MS, zone);
  return { from: first, to: null, bucket: bucketFor(days * DAY_MS) };
}

function bucketFor(length: number): Bucket {
  if (length <= LONGEST_BY_HOUR_MS) return 'hour';
  return length <= LONGEST_BY_DAY_MS ? 'day' : 'week';
}

export const isoSpan = ({ from, to }: Span): { from: string; to?: string } => ({
  from: new Date(from).toISOString(),
  ...(to === null ? {} : { to: new Date(to).toISOString() }),
});

/** As much of it as is kept of machines; `cut`: it is less than was asked for. */
export function workerSpan(span: Span, now: number): { span: Span; cut: boolean } {
  const least = (span.to ?? now) - MOST_DAYS_OF_WORKERS * DAY_MS + HOUR_MS;
  return span.from >= least
    ? { span, cut: false }
    : { span: { ...span, from: startOf('hour', least, 'UTC') }, cut: true };
}

export const knownZone = (zone: string): string => (zone !== '' && isTimeZone(zone) ? zone : ownTimeZone());

const FORMATS: Record<Bucket, Intl.DateTimeFormatOptions> = {
  hour: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  day: { day: 'numeric', month: 'short' },
  week: { day: 'numeric', month: 'short', year: '2-digit' },
};
const formats = new Map<string, Intl.DateTimeFormat>();

/** What a piece of time is called, by when it begins there. */
export function bucketLabel(from: string, bucket: Bucket, zone: string, language: string): string {
  const key = `${bucket} ${zone} ${language}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(language, { ...FORMATS[bucket], timeZone: zone })));
  return format.format(Date.parse(from));
}
