/** How fast a machine runs tests, compared with what their history says. */

export interface SpeedSample {
  /** Sum over the tests at speed 1. */
  expectedMs: number;
  actualMs: number;
  tests: number;
}

/** Fewer tests say more about themselves than about the machine. */
const FEWEST_TESTS = 5;
/** How much the newest run weighs: a machine that was busy with something else for once stays nearly what it was. */
const NEWEST_WEIGHT = 0.3;
const SLOWEST = 0.05;
const FASTEST = 20;

export function learnSpeed(before: number, { expectedMs, actualMs, tests }: SpeedSample): number {
  if (tests < FEWEST_TESTS || expectedMs <= 0 || actualMs <= 0) return before;
  // Speeds are ratios: twice as fast and half as fast are equally far from 1.
  const after = before * (expectedMs / actualMs / before) ** NEWEST_WEIGHT;
  return Math.min(FASTEST, Math.max(SLOWEST, after));
}
