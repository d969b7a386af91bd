import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRuns, type Side } from '../../../coordinator/analytics/rules/compare.ts';
import { spanOf } from '../../../coordinator/analytics/rules/run-counts.ts';
import { figuresOf, lastChange, sortTests, sumsOf } from '../../../coordinator/analytics/rules/test-figures.ts';
import { HourGrid, HourSums, onlineSpans } from '../../../coordinator/analytics/rules/use.ts';
import { takesAll } from '../../../coordinator/runs/rules/whole.ts';

const HOUR = 3_600_000;
const outcome = fc.constantFrom('expected' as const, 'unexpected' as const, 'flaky' as const, 'skipped' as const);
const side = fc.record({
  no: fc.nat(100),
  outcome: fc.option(outcome),
  attempts: fc.nat(3),
  duration_ms: fc.option(fc.nat(10_000)),
}) satisfies fc.Arbitrary<Side>;
const suite = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), side)
  .map((tests) => new Map(Object.entries(tests)));

test('each test of two runs is told once, and the other way round what was fixed fails anew', () => {
  const threshold = { percent: 50, atLeastMs: 100 };
  const swapped = {
    newly_failing: 'fixed',
    slower: 'faster',
    faster: 'slower',
    added: 'removed',
    removed: 'added',
    still_failing: 'still_failing',
  };
  fc.assert(
    fc.property(suite, suite, (now, before) => {
      const { changes, counts, unchanged } = compareRuns(now, before, threshold);
      expect(changes.length + unchanged).toBe(new Set([...now.keys(), ...before.keys()]).size);
      expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(changes.length);
      const back = new Map(compareRuns(before, now, threshold).changes.map((one) => [one.test_id, one.change]));
      for (const { test_id, change, now: here, before: there } of changes) {
        const outcomes = [here?.outcome, there?.outcome];
        // What was skipped is not mended, and what wobbles is told of before how long it took.
        if (outcomes.includes('skipped') || outcomes.includes('flaky') || !(change in swapped)) continue;
        expect(back.get(test_id)).toBe(swapped[change as keyof typeof swapped]);
      }
    }),
  );
});

test('the time of slots falls into hours without a rest, in any part of the period', () => {
  const range = { from: 10 * HOUR + 123, to: 200 * HOUR + 456 };
  const grid = new HourGrid(range, 'Asia/Kolkata', 9.5 * HOUR);
  fc.assert(
    fc.property(fc.nat(220 * HOUR), fc.nat(220 * HOUR), fc.integer({ min: 1, max: 8 }), (a, b, slots) => {
      const sums = new HourSums();
      grid.add(sums, { from: Math.min(a, b), to: Math.max(a, b), slots });
      const inside = Math.max(0, Math.min(Math.max(a, b), range.to) - Math.max(Math.min(a, b), range.from));
      expect(sums.total).toBe(inside * slots);
      expect(sums.hours.reduce((sum, ms) => sum + ms, 0)).toBe(sums.total);
    }),
  );
});

test('a worker was online between what was told of it', () => {
  const range = { from: 0, to: 100 };
  const on = (at: number) => ({ at, online: true });
  const off = (at: number) => ({ at, online: false });
  expect(onlineSpans([], false, range)).toEqual([]);
  expect(onlineSpans([], true, range)).toEqual([range]);
  expect(onlineSpans([off(10), on(20), on(30), off(40), on(90)], true, range)).toEqual([
    { from: 0, to: 10 },
    { from: 20, to: 40 },
    { from: 90, to: 100 },
  ]);
});

test('a moment is in the one span that holds it', () => {
  const spans = [0, 10, 20].map((from) => ({ from, to: from + 10 }));
  expect([-1, 0, 9, 10, 29, 30].map((at) => spanOf(spans, at))).toEqual([-1, 0, 0, 1, 2, -1]);
});

test('rates count what ran, and the last change passes over what was skipped', () => {
  const result = (ends: 'expected' | 'unexpected' | 'skipped', ms = 10) => ({
    outcome: ends,
    attempts: 1,
    duration_ms: ms,
  });
  const results = [result('expected'), result('skipped', 99), result('unexpected', 30), result('unexpected')];
  expect(figuresOf(sumsOf(results))).toMatchObject({ runs: 4, failure_rate: 2 / 3, mean_ms: 50 / 3, max_ms: 30 });
  expect(lastChange(results)).toEqual({ at: results[0], from: 'unexpected' });
  expect(lastChange(results.slice(2))).toBeNull();
  const named = (test_id: string, figures = figuresOf(sumsOf(results))) => ({ test_id, ...figures });
  expect(sortTests([named('b'), named('a')], 'failing', 5)).toEqual([]);
  expect(sortTests([named('b'), named('a')], 'failing', 4).map((one) => one.test_id)).toEqual(['a', 'b']);
});

test.each([
  [[], true],
  [['--timeout=5', '--workers=2', '-x'], true],
  [['--grep', '@smoke'], false],
  [['-g@smoke'], false],
  [['--project=chromium'], false],
  [['cart.spec.ts'], false],
  [['--only-changed'], false],
])('arguments %j take the whole suite: %s', (args, whole) => expect(takesAll({ args })).toBe(whole));
