import { MaxHeap } from '../../../shared/base/max-heap.ts';

/** Milliseconds that these units take on `slots` slots, the longest first to the emptiest, each slot with one start of `startMs`. */
export function longestFirst(unitsMs: readonly number[], slots: number, startMs: number): number {
  const emptiest = new MaxHeap<{ ms: number }>((a, b) => b.ms - a.ms);
  for (let i = 0; i < Math.min(slots, unitsMs.length); i++) emptiest.push({ ms: startMs });
  let longest = 0;
  for (const unit of unitsMs.toSorted((a, b) => b - a)) {
    const slot = emptiest.pop();
    if (!slot) break;
    longest = Math.max(longest, slot.ms + unit);
    emptiest.push({ ms: slot.ms + unit });
  }
  return longest;
}
