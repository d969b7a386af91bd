import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeepingFree } from '../../../coordinator/dispatch/keeping-free.ts';
import { KEEP_AFTER_MS, workerToKeep } from '../../../coordinator/dispatch/rules/keep-free.ts';
import { effectsOf, preferenceFor } from '../../../coordinator/dispatch/rules/admin-rules.ts';
import { BOOST_LIMIT, outlook } from '../../../coordinator/dispatch/rules/deadline.ts';
import { distribute } from '../../../coordinator/dispatch/rules/strategies/distribute.ts';
import { hardwareAware } from '../../../coordinator/dispatch/rules/strategies/hardware-aware.ts';
import { leastLoaded } from '../../../coordinator/dispatch/rules/strategies/least-loaded.ts';
import { resourceBased } from '../../../coordinator/dispatch/rules/strategies/resource-based.ts';
import type { TaskAsk, WorkerLoad } from '../../../coordinator/dispatch/rules/strategies/strategy.ts';
import { askFor } from '../../../coordinator/runs/rules/asks.ts';
import { rule, type Rule } from '../../../shared/protocol/rest/scheduling.ts';

const GIB = 2 ** 30;
const task: TaskAsk = { runId: 'r', project: 'p', tags: [], browsers: [], cpus: 1, memoryBytes: GIB };
const load = (id: string, over: Partial<WorkerLoad> = {}): WorkerLoad => ({
  id,
  freeSlots: 4,
  priority: 100,
  weight: 1,
  successRatio: 1,
  avgDurationMs: 0,
  lastGrant: 0,
  tags: [],
  speed: 1,
  cpus: 8,
  memoryBytes: 16 * GIB,
  freeCpus: 8,
  freeMemoryBytes: 16 * GIB,
  preference: 0,
  ...over,
});

describe('machines that are kept free for large requests', () => {
  const worker = (id: string, cpus: number, used: number) => ({
    id,
    capacity: { cpus, memory_bytes: 8 * 2 ** 30 },
    setAside: { cpus: used, memoryBytes: 0 },
  });
  const demand = { needs: '', cpus: 4, memoryBytes: 0 };
  const run = (id: string, priority = 100) => ({ id, priority });

  test('the worker that lacks least is chosen, of those that could ever have room', () => {
    const workers = [worker('far', 8, 8), worker('near', 4, 1), worker('small', 2, 0)];
    expect(workerToKeep(demand, workers)).toBe('near');
    expect(workerToKeep({ cpus: 16, memoryBytes: 0 }, workers)).toBeNull();
    expect(workerToKeep({ cpus: 0, memoryBytes: 9 * 2 ** 30 }, workers)).toBeNull();
  });

  test('it is kept after a while, against all but higher priorities, until nothing waits for it any more', () => {
    const keeping = new KeepingFree();
    const squeezed = [{ run: run('large'), demand, workers: [worker('near', 4, 1)] }];
    expect(keeping.review(squeezed, 0)).toBe(KEEP_AFTER_MS);
    expect(keeping.mayUse('near', run('other'), { ...demand, cpus: 1 })).toBe(true);
    expect(keeping.review(squeezed, KEEP_AFTER_MS)).toBeNull();
    expect(keeping.mayUse('near', run('other'), { ...demand, cpus: 1 })).toBe(false);
    expect(keeping.mayUse('near', run('large'), { ...demand, cpus: 1 })).toBe(false);
    expect(keeping.mayUse('near', run('large'), demand)).toBe(true);
    expect(keeping.mayUse('near', run('urgent', 101), { ...demand, cpus: 1 })).toBe(true);
    expect(keeping.keptFor('large')).toEqual({ workerId: 'near', demand });
    keeping.review([], KEEP_AFTER_MS + 1);
    expect(keeping.mayUse('near', run('other'), demand)).toBe(true);
  });

  test('who has waited longest comes first, from when the last of its kind began', () => {
    const keeping = new KeepingFree();
    const of = (...ids: string[]) => ids.map((id) => ({ run: run(id), demand, workers: [worker('only', 4, 2)] }));
    keeping.review(of('first'), 0);
    keeping.review(of('first', 'second'), 10);
    keeping.review(of('first', 'second'), KEEP_AFTER_MS + 10);
    expect(keeping.keptFor('first')?.workerId).toBe('only');
    keeping.begun('first', demand);
    keeping.review(of('first', 'second'), KEEP_AFTER_MS + 20);
    expect(keeping.keptFor('second')?.workerId).toBe('only');
    expect(keeping.keptFor('first')).toBeNull();
  });

  test('two requests keep two workers, the higher priority first, and none changes its mind when another comes nearer', () => {
    const keeping = new KeepingFree();
    const at = (usedA: number, usedB: number) =>
      [run('low', 1), run('high', 2)].map((each) => ({
        run: each,
        demand,
        workers: [worker('a', 4, usedA), worker('b', 4, usedB)],
      }));
    keeping.review(at(1, 2), 0);
    keeping.review(at(1, 2), KEEP_AFTER_MS);
    expect(keeping.keptFor('high')?.workerId).toBe('a');
    expect(keeping.keptFor('low')?.workerId).toBe('b');
    keeping.review(at(3, 1), KEEP_AFTER_MS + 1);
    expect(keeping.keptFor('high')?.workerId).toBe('a');
  });
});

describe('strategies by hardware', () => {
  test('resource based: whoever has both CPU and memory free, counted down by what each task asks for', () => {
    const busy = load('busy', { freeCpus: 1 });
    const narrow = load('narrow', { freeMemoryBytes: 2 * GIB });
    const wide = load('wide', { freeCpus: 4, freeMemoryBytes: 8 * GIB });
    const options = { strategy: resourceBased, task, nextGrant: 1 };
    expect(distribute([busy, narrow, wide], 5, options)).toEqual(['wide', 'wide', 'narrow', 'wide', 'busy']);
  });

  test('hardware aware: the longest tasks to the fastest machines, equally fast ones by their free slots', () => {
    const fleet = [
      load('slow', { speed: 0.5 }),
      load('fast', { speed: 2, freeSlots: 2 }),
      load('even', { speed: 1.99 }),
    ];
    const options = { strategy: hardwareAware, task, nextGrant: 1 };
    const takers = distribute(fleet, 8, options);
    expect(takers.slice(0, 6).toSorted()).toEqual(['even', 'even', 'even', 'even', 'fast', 'fast']);
    expect(takers.slice(6)).toEqual(['slow', 'slow']);
    expect(takers[0]).toBe('even');
  });

  test('what rules prefer comes before any score, and what they avoid after', () => {
    const fleet = [
      load('avoided', { preference: -1, freeSlots: 9 }),
      load('plain'),
      load('wanted', { preference: 1, freeSlots: 1 }),
    ];
    expect(distribute(fleet, 6, { strategy: leastLoaded, task, nextGrant: 1 })).toEqual([
      'wanted',
      'plain',
      'plain',
      'plain',
      'plain',
      'avoided',
    ]);
  });
});

describe('deadlines', () => {
  const now = 1_000_000;
  test.each([
    ['much time', { deadline: now + 600_000, remainingMs: 400_000, slots: 4 }, 'on_time', 0],
    ['half of the margin left', { deadline: now + 130_000, remainingMs: 400_000, slots: 4 }, 'at_risk', 300],
    ['more work than time', { deadline: now + 90_000, remainingMs: 400_000, slots: 4 }, 'late', BOOST_LIMIT],
    ['the same with more slots', { deadline: now + 90_000, remainingMs: 400_000, slots: 40 }, 'on_time', 0],
    ['nothing is known, and time passes', { deadline: now + 30_000, remainingMs: null, slots: 4 }, 'at_risk', 300],
    ['gone by', { deadline: now - 1, remainingMs: null, slots: 4 }, 'late', BOOST_LIMIT],
  ])('%s', (_, facts, state, boost) => {
    expect(outlook({ now, ...facts })).toMatchObject({ state, boost });
  });

  test('time that passes, and work that is added, never lower the boost', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 3_600_000 }),
        fc.nat({ max: 3_600_000 }),
        fc.nat({ max: 600_000 }),
        fc.integer({ min: 1, max: 64 }),
        (inMs, remainingMs, more, slots) => {
          const at = (passed: number, work: number) =>
            outlook({ now: now + passed, deadline: now + inMs, remainingMs: work, slots }).boost;
          expect(at(more, remainingMs)).toBeGreaterThanOrEqual(at(0, remainingMs));
          expect(at(0, remainingMs + more)).toBeGreaterThanOrEqual(at(0, remainingMs));
        },
      ),
    );
  });
});

describe("admins' rules", () => {
  const facts = { project: 'shop', tags: ['nightly'], branch: 'release/1.2', browsers: ['webkit'] };
  const of = (when: Rule['when'], then: Rule['then']): Rule => ({ name: 'n', when, then });

  test('all that match count, of strategy and priority the first', () => {
    const rules = [
      of({ project: 'other' }, { priority: 1, prefer: 'never' }),
      of({ project: 'shop', browser: 'webkit' }, { require: 'mac', strategy: 'weighted' }),
      of({ tag: 'nightly' }, { avoid: 'laptop', strategy: 'priority', priority: 7 }),
      of({ branch: 'release/*' }, { prefer: 'rack', priority: 9 }),
    ];
    expect(effectsOf(rules, facts)).toEqual({
      prefer: ['rack'],
      require: ['mac'],
      avoid: ['laptop'],
      strategy: 'weighted',
      priority: 7,
    });
  });

  test.each([
    ['release/*', true],
    ['*1.2', true],
    ['rel*/*.2', true],
    ['release/1.2', true],
    ['release', false],
    ['*x*', false],
    ['release/1.2*2', false],
  ])('branch %s: %s', (branch, matches) => {
    expect(effectsOf([of({ branch }, { priority: 5 })], facts).priority).toBe(matches ? 5 : null);
  });

  test('an avoided worker comes after all others, also where it is preferred for something', () => {
    const effects = { prefer: ['a', 'b'], avoid: ['c'], require: [], strategy: null, priority: null };
    const order = [['a', 'b', 'c'], [], ['a'], ['a', 'b']].map((tags) => preferenceFor(tags, effects));
    expect(order).toEqual(order.toSorted((x, y) => x - y));
    expect(new Set(order).size).toBe(4);
  });

  test.each([
    [{ when: {}, then: { priority: 1 } }, 'when', /must name/],
    [{ when: { tag: 'x' }, then: {} }, 'then', /must say/],
    [{ when: { browser: 'webkit' }, then: { priority: 1 } }, 'then.priority', /whole runs/],
    [{ when: { tag: 'x' }, then: { avoid: 'a', require: 'a' } }, 'then.avoid', /wants/],
  ])('%o is refused', (body, field, why) => {
    const issue = rule.safeParse({ name: 'n', ...body }).error?.issues[0];
    expect(issue?.path.join('.')).toBe(field);
    expect(issue?.message).toMatch(why);
  });
});

test('a test asks for what the run asks for, or what its tags ask for; of several tags, the most of each', () => {
  const requests = {
    cpus: 1,
    memory_bytes: GIB,
    by_tag: { '@heavy': { cpus: 4 }, '@video': { cpus: 2, memory_bytes: 3 * GIB } },
  };
  expect(askFor(requests, new Set())).toEqual({ cpus: 1, memoryBytes: GIB });
  expect(askFor(requests, new Set(['@heavy']))).toEqual({ cpus: 4, memoryBytes: GIB });
  expect(askFor(requests, new Set(['@heavy', '@video']))).toEqual({ cpus: 4, memoryBytes: 3 * GIB });
});
