import { describe, expect, test } from 'vitest';
import { planSteals, remainingMs, scaleOf, type Victim } from '../../../coordinator/dispatch/rules/steal.ts';

const waiting = (no: number, expectedMs: number) => ({ no, expectedMs, runningForMs: null });
const victim = (fence: number, units: Victim['units'], speed = 1): Victim => ({ fence, speed, units });

describe('what is left of a grant', () => {
  test('what waits takes as long as its machine needs for it', () => {
    expect(remainingMs(victim(1, [waiting(0, 1_000), waiting(1, 500)]))).toBe(1_500);
    expect(remainingMs(victim(1, [waiting(0, 1_000)], 0.5))).toBe(2_000);
  });

  test('what runs takes the rest of its time, or as long again where it is over it', () => {
    expect(remainingMs(victim(1, [{ no: 0, expectedMs: 1_000, runningForMs: 400 }, waiting(1, 100)]))).toBe(700);
    expect(remainingMs(victim(1, [{ no: 0, expectedMs: 1_000, runningForMs: 1_000 }]))).toBe(1_000);
    expect(remainingMs(victim(1, [{ no: 0, expectedMs: 1_000, runningForMs: 3_000 }]))).toBe(3_000);
  });
});

describe('by how much a run is slower than expected', () => {
  test('a handful of tests says nothing', () => {
    expect(scaleOf({ tests: 4, expectedMs: 100, actualMs: 1_000 })).toBe(1);
    expect(scaleOf({ tests: 5, expectedMs: 100, actualMs: 1_000 })).toBe(10);
    expect(scaleOf({ tests: 9, expectedMs: 0, actualMs: 1_000 })).toBe(1);
  });

  test('it is never beyond what can be believed', () => {
    expect(scaleOf({ tests: 9, expectedMs: 1, actualMs: 1_000 })).toBe(50);
    expect(scaleOf({ tests: 9, expectedMs: 1_000, actualMs: 1 })).toBe(0.02);
  });
});

describe('what an idle slot takes', () => {
  const four = [waiting(0, 4_000), waiting(1, 3_000), waiting(2, 2_000), waiting(3, 1_000)];

  test('about half, so that both end together; of what has not begun anywhere, the longest unit stays', () => {
    expect(planSteals([victim(1, four)], [1], 0)).toEqual([{ fence: 1, unitNos: [1, 2] }]);
  });

  test('of a process that is at work, all that waits may go', () => {
    const running = { no: 9, expectedMs: 5_000, runningForMs: 1_000 };
    expect(planSteals([victim(1, [running, waiting(0, 3_000)])], [1], 0)).toEqual([{ fence: 1, unitNos: [0] }]);
  });

  test('equal units in the order of the suite', () => {
    const equal = [waiting(3, 1_000), waiting(1, 1_000), waiting(2, 1_000)];
    expect(planSteals([victim(1, equal)], [1], 0)).toEqual([{ fence: 1, unitNos: [2] }]);
  });

  test('less where its machine is slow or a process is expensive', () => {
    expect(planSteals([victim(1, four)], [0.2], 0)).toEqual([{ fence: 1, unitNos: [3] }]);
    expect(planSteals([victim(1, four)], [1], 5_000)).toEqual([{ fence: 1, unitNos: [1] }]);
    expect(planSteals([victim(1, four)], [1], 20_000)).toEqual([]);
  });

  test('more where the victim is slow', () => {
    expect(planSteals([victim(1, four, 0.5)], [1], 0)).toEqual([{ fence: 1, unitNos: [1, 2, 3] }]);
  });

  test('nothing for a gain of less than a quarter of a second', () => {
    const pair = (ms: number) => victim(1, [waiting(0, 1_000), waiting(1, ms)]);
    expect(planSteals([pair(249)], [1], 0)).toEqual([]);
    expect(planSteals([pair(250)], [1], 0)).toEqual([{ fence: 1, unitNos: [1] }]);
  });

  test('those with the most left are relieved first, each once, by the fastest first', () => {
    const short = victim(5, [waiting(0, 1_000), waiting(1, 1_000)]);
    const long = victim(7, [waiting(2, 9_000), waiting(3, 9_000)]);
    expect(planSteals([short, long], [1], 0)).toEqual([{ fence: 7, unitNos: [3] }]);
    expect(planSteals([short, long], [1, 1, 1], 0).map(({ fence }) => fence)).toEqual([7, 5]);
    // Only the fast machine is quick enough for the long one.
    const costly = victim(9, [waiting(4, 8_000), waiting(5, 8_000)]);
    expect(planSteals([costly], [0.1, 4], 10_000)).toEqual([{ fence: 9, unitNos: [5] }]);
  });

  test('equals by their fence, and one with nothing to give takes nobody’s turn', () => {
    const same = (fence: number) => victim(fence, [waiting(0, 2_000), waiting(1, 2_000)]);
    expect(planSteals([same(4), same(3)], [1], 0)).toEqual([{ fence: 3, unitNos: [1] }]);
    const stuck = victim(1, [{ no: 0, expectedMs: 1_000, runningForMs: 90_000 }]);
    expect(planSteals([stuck, same(4)], [1], 0)).toEqual([{ fence: 4, unitNos: [1] }]);
    expect(planSteals([same(3)], [], 0)).toEqual([]);
  });
});
