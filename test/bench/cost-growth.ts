/** What the scheduling rules themselves cost as suites grow, on a simulated fleet of 1,000 slots. */
import { seeded } from '../faults/bench.ts';
import { simulate } from './simulate-balance.ts';

export interface GrowthRow {
  tests: number;
  slots: number;
  /** Of all that the rules decided: cutting the suite, and each look for what idle slots could take over. */
  decided_ms: number;
  us_per_test: number;
  us_per_decision: number;
  steals: number;
}

const SLOTS = 1_000;
const COSTS = { startMs: 1_500, stealMs: 30 };

export function costGrowth(sizes: readonly number[] = [1_000, 10_000, 100_000]): GrowthRow[] {
  return sizes.map((tests) => {
    const random = seeded(`growth ${tests}`);
    const units = Array.from({ length: tests }, () => {
      const actualMs = 500 + 5_000 * random() ** 3;
      return { actualMs, expectedMs: actualMs * (0.9 + 0.2 * random()) };
    });
    const fleet = Array.from({ length: SLOTS }, () => ({ speed: 1 }));
    const { decided, steals } = simulate(units, fleet, COSTS);
    const us = decided.ms * 1000;
    return {
      tests,
      slots: SLOTS,
      decided_ms: Math.round(decided.ms),
      us_per_test: Math.round((us / tests) * 10) / 10,
      us_per_decision: Math.round((us / (tests + steals)) * 10) / 10,
      steals,
    };
  });
}
