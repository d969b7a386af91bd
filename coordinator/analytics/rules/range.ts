/** The time that a query is about. */
import type { Period, RangeQuery } from '../../../shared/protocol/rest/ranges.ts';
import { isoTime } from '../../../shared/protocol/rest/common.ts';
import { badField } from '../../http/refusal.ts';

export const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;

export interface Range {
  from: number;
  /** Behind the last moment. */
  to: number;
}

/** Throws a Refusal for a range that ends before it begins, or that is longer than `mostDays`. */
export function rangeOf({ from, to }: RangeQuery, now: number, mostDays = 400): Range {
  const end = to === undefined ? now : Date.parse(to);
  const start = from === undefined ? end - Math.min(DEFAULT_DAYS, mostDays) * DAY_MS : Date.parse(from);
  if (start >= end) throw badField('from', 'must lie before to (which is now where it is left out)');
  if (end - start > mostDays * DAY_MS) throw badField('from', `must lie at most ${mostDays} days before to`);
  return { from: start, to: end };
}

/** Days since the epoch in UTC that the range touches. */
export const daysOf = ({ from, to }: Range): { first: number; last: number } => ({
  first: Math.floor(from / DAY_MS),
  last: Math.floor((to - 1) / DAY_MS),
});

/** The same as a range. */
export function wholeDays(range: Range): Range {
  const { first, last } = daysOf(range);
  return { from: first * DAY_MS, to: (last + 1) * DAY_MS };
}

export const periodOf = ({ from, to }: Range): Period => ({ from: isoTime(from), to: isoTime(to) });
