/** How much of what machines lent was used, hour by hour of the week. */
import { hourOfWeek } from '../../../shared/base/time-zone.ts';
import type { Range } from './range.ts';

const HOUR_MS = 3_600_000;
const HOURS_OF_WEEK = 168;

/** Slots that were taken or lent for some time. */
export interface Taken extends Range {
  slots: number;
}

/** Milliseconds of slots, in all and by hour of the week. */
export class HourSums {
  total = 0;
  readonly hours = new Array<number>(HOURS_OF_WEEK).fill(0);
}

/** Knows the hours of a period, so that each is looked up once and not for each task. */
export class HourGrid {
  readonly #range: Range;
  readonly #first: number;
  readonly #hours: number[];

  /** Hours begin at whole hours of `zone`, whose offset may be half an hour. */
  constructor(range: Range, zone: string, startOfHour: number) {
    this.#range = range;
    this.#first = startOfHour;
    this.#hours = [];
    for (let at = startOfHour; at < range.to; at += HOUR_MS) this.#hours.push(hourOfWeek(at, zone));
  }

  /** Adds what of `taken` lies in the period. */
  add(sums: HourSums, taken: Taken): void {
    const to = Math.min(taken.to, this.#range.to);
    let at = Math.max(taken.from, this.#range.from);
    while (at < to) {
      const place = Math.floor((at - this.#first) / HOUR_MS);
      const end = Math.min(to, this.#first + (place + 1) * HOUR_MS);
      const ms = (end - at) * taken.slots;
      const hour = this.#hours[place];
      if (hour !== undefined) sums.hours[hour] = (sums.hours[hour] ?? 0) + ms;
      sums.total += ms;
      at = end;
    }
  }
}

/** While it was connected, from what was told of its coming and going; `before`: the last that was told before the period. */
export function onlineSpans(
  changes: readonly { at: number; online: boolean }[],
  before: boolean,
  { from, to }: Range,
): Range[] {
  const spans: Range[] = [];
  let since = before ? from : null;
  for (const { at, online } of changes) {
    if (online) since ??= at;
    else if (since !== null) {
      if (at > since) spans.push({ from: since, to: at });
      since = null;
    }
  }
  if (since !== null && since < to) spans.push({ from: since, to });
  return spans;
}

/** used / lent, never more than 1: a machine may have had more slots then than it has now. null where nothing was lent. */
export const useOf = (busyMs: number, lentMs: number): number | null =>
  lentMs <= 0 ? null : Math.min(1, busyMs / lentMs);
