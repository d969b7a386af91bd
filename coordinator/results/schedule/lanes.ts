/** Lays grants over slots: a worker says how many processes it runs at once, not which slot a process has. */

export interface Interval {
  from: number;
  /** After `from`. */
  to: number;
}

/** Puts each item on as many of the first free lanes as it takes. `slots` 2 = it takes two lanes. */
export function layOverLanes<T extends Interval & { slots: number }>(items: readonly T[]): T[][] {
  const lanes: T[][] = [];
  for (const item of items.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    for (let part = 0; part < item.slots; part++) {
      const free = lanes.find((lane) => (lane.at(-1)?.to ?? -Infinity) <= item.from && lane.at(-1) !== item);
      if (free) free.push(item);
      else lanes.push([item]);
    }
  }
  return lanes;
}

/** What of `span` none of `taken` covers, in order. `taken` may overlap. */
export function gaps(span: Interval, taken: readonly Interval[]): Interval[] {
  const free: Interval[] = [];
  let at = span.from;
  for (const { from, to } of taken.toSorted((a, b) => a.from - b.from)) {
    if (from > at) free.push({ from: at, to: Math.min(from, span.to) });
    at = Math.max(at, to);
    if (at >= span.to) return free;
  }
  free.push({ from: at, to: span.to });
  return free;
}

export const lengthOf = (spans: readonly Interval[]): number => spans.reduce((sum, { from, to }) => sum + to - from, 0);
