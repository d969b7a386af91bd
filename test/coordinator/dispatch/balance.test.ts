import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planSteals, remainingMs, type Victim } from '../../../coordinator/dispatch/rules/steal.ts';
import { learnSpeed } from '../../../coordinator/runs/rules/learn-speed.ts';
import { simulate } from '../../bench/simulate-balance.ts';

const costs = { startMs: 1_500, stealMs: 30 };
const unit = fc.record({
  actualMs: fc.integer({ min: 10, max: 20_000 }),
  expectedMs: fc.integer({ min: 10, max: 20_000 }),
});
const victim: fc.Arbitrary<Victim> = fc
  .array(
    fc.record({
      expectedMs: fc.integer({ min: 1, max: 60_000 }),
      runningForMs: fc.option(fc.integer({ min: 0, max: 90_000 }), { freq: 5 }),
    }),
    { maxLength: 40 },
  )
  .chain((units) =>
    fc.record({
      fence: fc.integer({ min: 1, max: 1e6 }),
      speed: fc.constantFrom(0.25, 0.5, 1, 2),
      units: fc.constant(units.map((each, no) => ({ ...each, no }))),
    }),
  );

describe('what idle slots take over', () => {
  test('only units that have not begun move, never all of a process, and the run is expected to end sooner', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(victim, { selector: ({ fence }) => fence, maxLength: 8 }),
        fc.array(fc.constantFrom(0.5, 1, 2), { maxLength: 6 }),
        fc.integer({ min: 0, max: 10_000 }),
        (victims, idle, startMs) => {
          const steals = planSteals(victims, idle, startMs);
          expect(steals.length).toBeLessThanOrEqual(idle.length);
          expect(new Set(steals.map(({ fence }) => fence)).size).toBe(steals.length);
          for (const steal of steals) {
            const from = victims.find(({ fence }) => fence === steal.fence);
            const taken = new Set(steal.unitNos);
            const left = { ...from!, units: from!.units.filter(({ no }) => !taken.has(no)) };
            expect(taken.size).toBeGreaterThan(0);
            expect(left.units.length).toBe(from!.units.length - taken.size);
            expect(left.units.length).toBeGreaterThan(0);
            expect(
              from!.units.filter(({ no }) => taken.has(no)).every(({ runningForMs }) => runningForMs === null),
            ).toBe(true);
            expect(remainingMs(left)).toBeLessThan(remainingMs(from!));
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('whatever the durations and however wrong the expectations, every unit begins exactly once', () => {
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 1, maxLength: 120 }),
        fc.array(fc.constantFrom(0.25, 0.5, 1), { minLength: 1, maxLength: 12 }),
        (units, speeds) => {
          const run = simulate(
            units,
            speeds.map((speed) => ({ speed })),
            costs,
          );
          expect(run.begun.every((times) => times === 1)).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('with known durations a run ends close to the bound, whatever their shape', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 10, max: 20_000 }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 16 }),
        (durations, slots) => {
          const units = durations.map((actualMs) => ({ actualMs, expectedMs: actualMs }));
          const run = simulate(
            units,
            Array.from({ length: slots }, () => ({ speed: 1 })),
            costs,
          );
          // What longest-first promises: the mean of the slots, and at most one unit more.
          const promised = durations.reduce((a, b) => a + b, 0) / slots + Math.max(...durations);
          expect(run.makespanMs).toBeLessThanOrEqual(promised + 2 * costs.startMs);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('when a machine is lost, everything is done all the same', () => {
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 0, max: 60_000 }),
        (units, slots, lostAtMs) => {
          const fleet = Array.from({ length: slots }, (_, i) => (i === 0 ? { speed: 1, lostAtMs } : { speed: 1 }));
          const run = simulate(units, fleet, costs);
          expect(run.begun.every((times) => times >= 1 && times <= 2)).toBe(true);
          expect(run.begun.filter((times) => times === 2).length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

test('the speed of a machine follows what it does, slowly, and not after a handful of tests', () => {
  const slow = { expectedMs: 1_000, actualMs: 4_000, tests: 50 };
  let speed = 1;
  for (let run = 0; run < 12; run++) speed = learnSpeed(speed, slow);
  expect(speed).toBeCloseTo(0.25, 1);
  expect(learnSpeed(1, slow)).toBeGreaterThan(0.6);
  expect(learnSpeed(1, { ...slow, tests: 4 })).toBe(1);
  expect(learnSpeed(1, { ...slow, actualMs: 0 })).toBe(1);
});
