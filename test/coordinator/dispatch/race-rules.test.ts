import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planRaces, type IdleWorker, type Straggler } from '../../../coordinator/dispatch/rules/race.ts';
import { remainingMs } from '../../../coordinator/dispatch/rules/steal.ts';

const straggler = (restMs: number, over: Partial<Straggler> = {}): Straggler => ({
  fence: 1,
  workerId: 'slow',
  speed: 1,
  // Longer than expected already: as long again is expected.
  units: [{ no: 0, expectedMs: 1_000, runningForMs: restMs }],
  ...over,
});
const idle = (over: Partial<IdleWorker> = {}): IdleWorker => ({ id: 'fast', slots: 1, speed: 1, ...over });

describe('who races whom', () => {
  test('a gain of a second is the least, and of a fifth of what is left', () => {
    // A racer needs start and test, 3 s.
    expect(planRaces([straggler(3_999)], [idle()], 2_000)).toEqual([]);
    expect(planRaces([straggler(4_000)], [idle()], 2_000)).toHaveLength(1);
    // Of 100 s, 20 s must be gained.
    const long = straggler(100_000, { units: [{ no: 0, expectedMs: 60_000, runningForMs: 100_000 }] });
    expect(planRaces([long], [idle()], 20_001)).toEqual([]);
    expect(planRaces([long], [idle()], 20_000)).toHaveLength(1);
  });

  test('a fast machine gains what a slow one does not', () => {
    const test60 = straggler(70_000, { units: [{ no: 0, expectedMs: 60_000, runningForMs: 70_000 }] });
    expect(planRaces([test60], [idle({ speed: 1 })], 0)).toEqual([]);
    expect(planRaces([test60], [idle({ speed: 2 })], 0)).toHaveLength(1);
    expect(planRaces([test60], [idle({ speed: 0.5 })], 0)).toEqual([]);
  });

  test('all that is open of a grant counts, not only one unit of it', () => {
    const two = straggler(0, {
      units: [
        { no: 0, expectedMs: 1_000, runningForMs: 4_000 },
        { no: 1, expectedMs: 9_000, runningForMs: 9_500 },
      ],
    });
    expect(planRaces([two], [idle()], 1_000)).toEqual([]);
    expect(planRaces([two], [idle({ speed: 2 })], 1_000)).toHaveLength(1);
  });

  test('the fastest idle machine is used first, equals by their names, and never the same one', () => {
    const fleet = [
      idle({ id: 'b' }),
      idle({ id: 'a' }),
      idle({ id: 'slow', speed: 9, slots: 9 }),
      idle({ id: 'c', speed: 2 }),
    ];
    const many = [1, 2, 3, 4].map((fence) => straggler(60_000, { fence }));
    expect(planRaces(many, fleet, 1_000)).toEqual([
      { fence: 1, workerId: 'c' },
      { fence: 2, workerId: 'a' },
      { fence: 3, workerId: 'b' },
    ]);
  });

  test('a machine with no slot left is passed over, one with two takes two', () => {
    const many = [straggler(60_000, { fence: 7 }), straggler(90_000, { fence: 8 })];
    expect(planRaces(many, [idle({ slots: 0, speed: 3 }), idle({ id: 'other', slots: 2 })], 1_000)).toEqual([
      { fence: 8, workerId: 'other' },
      { fence: 7, workerId: 'other' },
    ]);
  });

  test('where one finds no other machine, the next is looked at', () => {
    const own = straggler(90_000, { fence: 1, workerId: 'fast' });
    expect(planRaces([own, straggler(60_000, { fence: 2 })], [idle()], 1_000)).toEqual([
      { fence: 2, workerId: 'fast' },
    ]);
  });

  test('whatever there is, a race uses a free slot of another machine, at most one per grant, and promises a gain', () => {
    const unit = fc.record({
      no: fc.nat(5),
      expectedMs: fc.integer({ min: 1, max: 60_000 }),
      runningForMs: fc.option(fc.integer({ min: 0, max: 90_000 }), { freq: 6 }),
    });
    const names = fc.constantFrom('a', 'b', 'c');
    const speed = fc.constantFrom(0.25, 1, 2);
    const stragglers = fc.uniqueArray(
      fc.record({ fence: fc.nat(50), workerId: names, speed, units: fc.array(unit, { maxLength: 3 }) }),
      { selector: ({ fence }) => fence, maxLength: 8 },
    );
    const fleet = fc.uniqueArray(fc.record({ id: names, slots: fc.nat(3), speed }), { selector: ({ id }) => id });
    fc.assert(
      fc.property(stragglers, fleet, fc.integer({ min: 0, max: 5_000 }), (given, workers, startMs) => {
        const races = planRaces(given, workers, startMs);
        expect(new Set(races.map(({ fence }) => fence)).size).toBe(races.length);
        for (const { id, slots } of workers)
          expect(races.filter(({ workerId }) => workerId === id).length).toBeLessThanOrEqual(slots);
        for (const { fence, workerId } of races) {
          const raced = given.find((each) => each.fence === fence)!;
          const racer = workers.find(({ id }) => id === workerId)!;
          expect(raced.workerId).not.toBe(workerId);
          expect(raced.units.every(({ runningForMs }) => runningForMs !== null)).toBe(true);
          const takesMs = startMs + raced.units.reduce((sum, { expectedMs }) => sum + expectedMs, 0) / racer.speed;
          expect(remainingMs(raced) - takesMs).toBeGreaterThanOrEqual(1_000);
        }
      }),
    );
  });
});
