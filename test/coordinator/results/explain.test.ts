import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explain, type GrantSpan, type ScheduleFacts } from '../../../coordinator/results/schedule/explain.ts';
import { gaps, layOverLanes, lengthOf } from '../../../coordinator/results/schedule/lanes.ts';
import { longestFirst } from '../../../coordinator/results/schedule/longest-first.ts';

const grant = (from: number, to: number, over: Partial<GrantSpan> = {}): GrantSpan => ({
  from,
  to,
  own: true,
  slots: 1,
  wallMs: null,
  countedMs: 0,
  repeatedMs: 0,
  tests: 0,
  ...over,
});

const worker = (grants: GrantSpan[], over = {}) => ({
  worker_id: 'w',
  worker: 'mac',
  speed: 1,
  grants,
  offline: [],
  ...over,
});

const facts = (over: Partial<ScheduleFacts>): ScheduleFacts => ({
  final: true,
  span: { from: 0, to: 10_000 },
  workers: [],
  units: [],
  supportingMs: 0,
  startMs: 1_000,
  ...over,
});

test('time of a slot is told apart: tests, repeated, process, preparing and idle', () => {
  const lane = [grant(0, 8_000, { wallMs: 7_000, countedMs: 5_000, repeatedMs: 500, tests: 5 })];
  const figures = explain(facts({ workers: [worker(lane)] }));
  expect(figures.time).toEqual({
    tests_ms: 5_000,
    repeated_ms: 500,
    process_ms: 1_500,
    preparing_ms: 1_000,
    idle_ms: 2_000,
  });
  expect(figures.idle).toEqual([{ why: 'nothing_left', ms: 2_000 }]);
  expect(figures.overhead_per_test_ms).toBe(500);
});

test('a slot is idle for a reason: before, between, another run, gone, nothing left', () => {
  const one = worker([grant(1_000, 2_000), grant(3_000, 4_000), grant(5_000, 6_000, { own: false })], {
    offline: [{ from: 7_000, to: 9_000 }],
  });
  const { idle, slots } = explain(facts({ workers: [one] }));
  expect(slots).toBe(1);
  expect(Object.fromEntries(idle.map(({ why, ms }) => [why, ms]))).toEqual({
    waiting_for_first_task: 1_000,
    between_tasks: 1_000,
    other_run: 1_000,
    not_connected: 2_000,
    nothing_left: 3_000,
  });
});

test('the bound is the larger of work per slot and the longest unit, and one more slot helps only down to the latter', () => {
  const units = [6_000, 2_000, 2_000, 2_000].map((actualMs, i) => ({ title: `u${i}`, expectedMs: actualMs, actualMs }));
  const workers = [worker([grant(0, 10_000), grant(0, 8_000)])];
  const figures = explain(facts({ workers, units }));
  expect(figures.lower_bound_ms).toBe(6_000);
  expect(figures.longest_unit).toEqual({ title: 'u0', ms: 6_000 });
  expect(figures.ratio).toBeCloseTo(10 / 6);
  expect(figures.one_more_slot?.saved_ms).toBe(0);
  const even = units.slice(1).map((unit) => ({ ...unit, actualMs: 3_000 }));
  expect(explain(facts({ workers, units: even })).one_more_slot?.saved_ms).toBeCloseTo(10_000 * (1 - 4 / 7));
});

test('units far from their expectation are surprises, the largest first', () => {
  const units = [
    { title: 'as expected', expectedMs: 1_000, actualMs: 1_100 },
    { title: 'slower', expectedMs: 1_000, actualMs: 3_000 },
    { title: 'faster', expectedMs: 9_000, actualMs: 1_000 },
  ];
  expect(explain(facts({ units })).surprises.map((unit) => unit.title)).toEqual(['faster', 'slower']);
});

test('a run of which nothing was granted yet has no slots, no ratio and no advice', () => {
  expect(explain(facts({ span: { from: 5, to: 5 } }))).toMatchObject({ slots: 0, ratio: null, one_more_slot: null });
});

const intervals = fc.array(
  fc.record({ from: fc.nat(1_000), length: fc.integer({ min: 1, max: 300 }), slots: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 1, maxLength: 30 },
);

test('every moment of every slot is in exactly one part, whatever was granted when', () => {
  fc.assert(
    fc.property(intervals, fc.array(fc.nat(2_000), { minLength: 90, maxLength: 90 }), (items, numbers) => {
      let at = 0;
      const number = () => numbers[at++ % numbers.length] ?? 0;
      const grants = items.map(({ from, length, slots }) =>
        grant(from, from + length, { slots, wallMs: number() - 500, countedMs: number(), repeatedMs: number() }),
      );
      const positive = grants.map((one) => ({ ...one, wallMs: (one.wallMs ?? 0) < 0 ? null : one.wallMs }));
      const span = { from: 0, to: Math.max(...grants.map(({ to }) => to)) };
      const { time, slots } = explain(facts({ span, workers: [worker(positive)] }));
      const sum = Object.values(time).reduce((total, ms) => total + ms, 0);
      expect(sum).toBeCloseTo(slots * span.to, 3);
      for (const ms of Object.values(time)) expect(ms).toBeGreaterThanOrEqual(-1e-9);
    }),
  );
});

test('grants on a lane never overlap, and each has as many lanes as it takes', () => {
  fc.assert(
    fc.property(intervals, (items) => {
      const grants = items.map(({ from, length, slots }) => grant(from, from + length, { slots }));
      const lanes = layOverLanes(grants);
      for (const lane of lanes)
        lane.forEach((one, i) => expect(one.from).toBeGreaterThanOrEqual(lane[i - 1]?.to ?? -Infinity));
      expect(lanes.flat().length).toBe(grants.reduce((sum, { slots }) => sum + slots, 0));
    }),
  );
});

test('gaps are what no interval covers', () => {
  expect(gaps({ from: 0, to: 10 }, [])).toEqual([{ from: 0, to: 10 }]);
  expect(
    gaps({ from: 0, to: 10 }, [
      { from: 6, to: 20 },
      { from: 2, to: 4 },
      { from: 3, to: 5 },
    ]),
  ).toEqual([
    { from: 0, to: 2 },
    { from: 5, to: 6 },
  ]);
  expect(lengthOf([])).toBe(0);
});

test('longest first never beats the bound and stays near it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(5_000), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 8 }),
      (units, n) => {
        const total = units.reduce((sum, ms) => sum + ms, 0);
        const made = longestFirst(units, n, 0);
        expect(made).toBeGreaterThanOrEqual(Math.max(total / n, ...units) - 1e-6);
        expect(made).toBeLessThanOrEqual((4 / 3) * Math.max(total / n, ...units) + Math.max(...units));
      },
    ),
  );
});
