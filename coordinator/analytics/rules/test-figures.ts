/** What the results of one test come to. */
import { durationFigures } from '../../../shared/model/percentiles.ts';
import type { TestOutcome } from '../../../shared/protocol/playwright.ts';
import type { TestFigures, TestSort } from '../../../shared/protocol/rest/tests.ts';

/** Sums, as test_days holds them. */
export interface TestSums {
  expected: number;
  unexpected: number;
  flaky: number;
  skipped: number;
  ran: number;
  total_ms: number;
  max_ms: number;
}

export const NO_SUMS: TestSums = { expected: 0, unexpected: 0, flaky: 0, skipped: 0, ran: 0, total_ms: 0, max_ms: 0 };

export const addSums = (a: TestSums, b: TestSums): TestSums => ({
  expected: a.expected + b.expected,
  unexpected: a.unexpected + b.unexpected,
  flaky: a.flaky + b.flaky,
  skipped: a.skipped + b.skipped,
  ran: a.ran + b.ran,
  total_ms: a.total_ms + b.total_ms,
  max_ms: Math.max(a.max_ms, b.max_ms),
});

export function figuresOf({ expected, unexpected, flaky, skipped, ran, total_ms, max_ms }: TestSums): TestFigures {
  const tried = expected + unexpected + flaky;
  return {
    runs: tried + skipped,
    expected,
    unexpected,
    flaky,
    skipped,
    failure_rate: tried === 0 ? null : unexpected / tried,
    flaky_rate: tried === 0 ? null : flaky / tried,
    mean_ms: ran === 0 ? null : total_ms / ran,
    max_ms: ran === 0 ? null : max_ms,
  };
}

export interface OneResult {
  outcome: TestOutcome;
  attempts: number;
  duration_ms: number | null;
}

const ran = ({ outcome, attempts }: OneResult): boolean => attempts > 0 && outcome !== 'skipped';

export function sumsOf(results: readonly OneResult[]): TestSums {
  return results.reduce<TestSums>((sums, result) => {
    const ms = ran(result) ? (result.duration_ms ?? 0) : 0;
    const one = { ...NO_SUMS, ran: ran(result) ? 1 : 0, total_ms: ms, max_ms: ms, [result.outcome]: 1 };
    return addSums(sums, one);
  }, NO_SUMS);
}

export function percentilesOf(results: readonly OneResult[]): { p50_ms: number | null; p95_ms: number | null } {
  const figures = durationFigures(results.filter(ran).map((result) => result.duration_ms ?? 0));
  return { p50_ms: figures?.p50_ms ?? null, p95_ms: figures?.p95_ms ?? null };
}

/** The newest result whose outcome is another than that of the one before it. Newest first; skipped ones say nothing. */
export function lastChange<T extends OneResult>(results: readonly T[]): { at: T; from: TestOutcome } | null {
  const told = results.filter((result) => result.outcome !== 'skipped');
  for (const [i, result] of told.entries()) {
    const before = told[i + 1];
    if (before && before.outcome !== result.outcome) return { at: result, from: before.outcome };
  }
  return null;
}

const KEYS: Record<TestSort, (figures: TestFigures) => readonly [number, number]> = {
  flaky: (test) => [test.flaky_rate ?? 0, test.failure_rate ?? 0],
  failing: (test) => [test.failure_rate ?? 0, test.flaky_rate ?? 0],
  slow: (test) => [test.mean_ms ?? 0, test.max_ms ?? 0],
  slowest: (test) => [test.max_ms ?? 0, test.mean_ms ?? 0],
};

/** Worst first; tests with nothing to sort by are left out. Equal ones by id, so that pages do not overlap. */
export function sortTests<T extends TestFigures & { test_id: string }>(
  tests: readonly T[],
  sort: TestSort,
  minRuns: number,
): T[] {
  const keyOf = KEYS[sort];
  return tests
    .filter((test) => test.runs >= minRuns && keyOf(test).some((part) => part > 0))
    .map((test) => ({ test, key: keyOf(test) }))
    .sort((a, b) => b.key[0] - a.key[0] || b.key[1] - a.key[1] || (a.test.test_id < b.test.test_id ? -1 : 1))
    .map(({ test }) => test);
}
