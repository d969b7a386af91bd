/** Figures that are derived from a run's counters, one definition for all that show them. */
import type { RunTotals } from '../../../shared/protocol/rest/runs.ts';

export interface RunCounters {
  tests_total: number;
  tests_settled: number;
  expected: number;
  unexpected: number;
  flaky: number;
  skipped: number;
}

export function runTotals(row: RunCounters): RunTotals {
  return {
    total: row.tests_total,
    settled: row.tests_settled,
    expected: row.expected,
    unexpected: row.unexpected,
    flaky: row.flaky,
    skipped: row.skipped,
    passed: row.expected + row.flaky,
    failed: row.unexpected,
  };
}

/** 0–100 with one decimal. */
export function percent(part: number, total: number): number {
  return total === 0 ? 0 : Math.round((part / total) * 1000) / 10;
}

/** 0–1 over the tests that ran to a verdict; null where there are none yet. */
export function successRate(row: RunCounters): number | null {
  const judged = row.expected + row.flaky + row.unexpected;
  return judged === 0 ? null : (row.expected + row.flaky) / judged;
}

export const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
