import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextInShare, shareOut, type Contender, type Weights } from '../../../coordinator/dispatch/rules/fair-share.ts';
import { isUnder, nameOf, roomUnder, type CappedRun } from '../../../coordinator/dispatch/rules/caps.ts';
import { NOTHING, slotsThatFit } from '../../../coordinator/dispatch/rules/requests.ts';
import type { Cap } from '../../../shared/protocol/rest/scheduling.ts';

const equal: Weights = { users: new Map(), projects: new Map() };
const wants = (id: string, over: Partial<Contender> = {}): Contender => ({
  id,
  user: 'ann',
  project: 'shop',
  held: 0,
  demand: 100,
  ...over,
});

test('a huge run of one user leaves half of the slots to the small run of another', () => {
  const shares = shareOut([wants('huge', { demand: 10_000 }), wants('small', { user: 'ben', demand: 20 })], 10, equal);
  expect(Object.fromEntries(shares)).toEqual({ huge: 5, small: 5 });
});

test('who holds much already waits until the others have as much', () => {
  const shares = shareOut([wants('old', { held: 8 }), wants('new')], 10, equal);
  expect(Object.fromEntries(shares)).toEqual({ old: 1, new: 9 });
});

test('ten runs of one user do not count for more than one run of another', () => {
  const many = Array.from({ length: 10 }, (_, i) => wants(`a${i}`));
  const shares = shareOut([...many, wants('b', { user: 'ben' })], 20, equal);
  expect(shares.get('b')).toBe(10);
  for (let i = 0; i < 10; i++) expect(shares.get(`a${i}`)).toBe(1);
});

test('weights of users and of projects divide as they say', () => {
  const weights = { users: new Map([['ann', 3]]), projects: new Map([['shop', 2]]) };
  const runs = [wants('a1'), wants('a2', { project: 'blog' }), wants('b', { user: 'ben' })];
  expect(Object.fromEntries(shareOut(runs, 12, weights))).toEqual({ a1: 6, a2: 3, b: 3 });
});

test('what one cannot use goes to the others', () => {
  const shares = shareOut([wants('small', { demand: 2 }), wants('large', { user: 'ben' })], 10, equal);
  expect(Object.fromEntries(shares)).toEqual({ small: 2, large: 8 });
});

test('the next slot goes to whoever has least for its weight; to nobody where nobody wants one', () => {
  expect(nextInShare([wants('a', { held: 2 }), wants('b', { user: 'ben', held: 1 })], equal)).toBe('b');
  expect(nextInShare([wants('a', { demand: 0 })], equal)).toBeNull();
});

const contenders = fc
  .array(
    fc.record({
      user: fc.constantFrom('u0', 'u1', 'u2'),
      project: fc.constantFrom('p0', 'p1', 'p2'),
      held: fc.nat({ max: 20 }),
      demand: fc.nat({ max: 30 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((list) => list.map((one, i) => ({ id: `r${i}`, ...one })));
const someWeights = fc.tuple(...Array.from({ length: 6 }, () => fc.constantFrom(0.5, 1, 2, 3))).map((w): Weights => ({
  users: new Map(w.slice(0, 3).map((weight, i) => [`u${i}`, weight])),
  projects: new Map(w.slice(3).map((weight, i) => [`p${i}`, weight])),
}));

test('shares are work-conserving and max-min fair by weight, between users and between the projects of each', () => {
  fc.assert(
    fc.property(contenders, fc.nat({ max: 120 }), someWeights, (runs, free, weights) => {
      const shares = shareOut(runs, free, weights);
      const got = (id: string) => shares.get(id) ?? 0;
      const demand = runs.reduce((sum, run) => sum + run.demand, 0);
      expect([...shares.values()].reduce((a, b) => a + b, 0)).toBe(Math.min(free, demand));
      for (const run of runs) expect(got(run.id)).toBeLessThanOrEqual(run.demand);
      const groups = (of: (run: Contender) => string, some: Contender[], weight: (name: string) => number) =>
        [...Map.groupBy(some, of)].map(([name, theirs]) => ({
          weight: weight(name),
          given: theirs.reduce((sum, { id }) => sum + got(id), 0),
          has: theirs.reduce((sum, { id, held }) => sum + held + got(id), 0),
          unmet: theirs.some(({ id, demand: wanted }) => got(id) < wanted),
        }));
      // Nobody was given its last slot while somebody who wanted one would have had less with one more.
      const fair = (some: ReturnType<typeof groups>) => {
        for (const giver of some.filter((one) => one.given > 0))
          for (const poor of some.filter((one) => one.unmet && one !== giver))
            expect(giver.has / giver.weight).toBeLessThanOrEqual((poor.has + 1) / poor.weight + 1e-9);
      };
      fair(
        groups(
          ({ user }) => user,
          runs,
          (name) => weights.users.get(name) ?? 1,
        ),
      );
      for (const theirs of Map.groupBy(runs, ({ user }) => user).values()) {
        fair(
          groups(
            ({ project }) => project,
            theirs,
            (name) => weights.projects.get(name) ?? 1,
          ),
        );
        for (const same of Map.groupBy(theirs, ({ project }) => project).values())
          fair(
            groups(
              ({ id }) => id,
              same,
              () => 1,
            ),
          );
      }
    }),
    { numRuns: 500 },
  );
});

const someRun = fc.record({
  tags: fc.subarray(['db', 'slow']),
  environments: fc.subarray(['staging', 'https://shop.test/']),
});
const someCap = fc.oneof(
  fc.record({ tag: fc.constantFrom('db', 'slow'), limit: fc.nat({ max: 5 }) }),
  fc.record({ environment: fc.constantFrom('staging', 'https://shop.test'), limit: fc.nat({ max: 5 }) }),
);

test('whatever begins and ends in any order, no cap is exceeded', () => {
  fc.assert(
    fc.property(
      fc.array(someCap, { maxLength: 4 }),
      fc.array(someRun, { minLength: 1, maxLength: 5 }),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 4 }), fc.boolean()), { maxLength: 60 }),
      (caps, runs: CappedRun[], steps) => {
        const held = runs.map((run) => ({ run, tasks: 0 }));
        for (const [which, many, ends] of steps) {
          const one = held[which % held.length]!;
          if (ends) one.tasks = Math.max(0, one.tasks - many);
          else one.tasks += Math.min(many, roomUnder(caps, one.run, held).room);
          for (const cap of caps as Cap[]) {
            const used = held.filter(({ run }) => isUnder(cap, run)).reduce((sum, { tasks }) => sum + tasks, 0);
            expect(used).toBeLessThanOrEqual(cap.limit);
          }
        }
      },
    ),
  );
});

test('a cap is named with what it is for, and a slash at the end of an address changes nothing', () => {
  const cap = { environment: 'https://shop.test', limit: 1 };
  const run = { tags: [], environments: ['https://shop.test/'] };
  expect(roomUnder([cap], run, [{ run, tasks: 3 }])).toEqual({ room: 0, cap });
  expect(nameOf(cap)).toBe('at most 1 task at once against https://shop.test');
  expect(roomUnder([{ tag: 'db', limit: 2 }], run, []).room).toBe(Infinity);
});

test('slots that are set aside never exceed what a machine has, and one more would', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 1, max: 80 }),
      (cpus, usedTenths, askTenths) => {
        const ask = { cpus: askTenths / 10, memoryBytes: 2 ** 30 };
        const used = { cpus: usedTenths / 10, memoryBytes: 0 };
        const capacity = { cpus, memory_bytes: 2 ** 40 };
        const n = slotsThatFit(capacity, used, ask);
        if (n > 0) expect(usedTenths + n * askTenths).toBeLessThanOrEqual(cpus * 10);
        expect(usedTenths + (n + 1) * askTenths).toBeGreaterThan(cpus * 10);
      },
    ),
  );
  expect(slotsThatFit({ cpus: 1, memory_bytes: 1 }, NOTHING, NOTHING)).toBe(Infinity);
});
