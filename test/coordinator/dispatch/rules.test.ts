import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { whyNotMatching, whyUnservable, type Candidate } from '../../../coordinator/dispatch/rules/matching.ts';
import { distribute } from '../../../coordinator/dispatch/rules/strategies/distribute.ts';
import { BUILT_IN } from '../../../coordinator/dispatch/rules/strategies/registry.ts';
import type { Strategy, TaskAsk, WorkerLoad } from '../../../coordinator/dispatch/rules/strategies/strategy.ts';
import { judgeFinish, judgeLoss } from '../../../coordinator/dispatch/rules/task-state.ts';

const worker = (id: string, over: Partial<WorkerLoad> = {}): WorkerLoad => ({
  id,
  freeSlots: 2,
  priority: 100,
  weight: 1,
  successRatio: 1,
  avgDurationMs: 0,
  lastGrant: 0,
  tags: [],
  speed: 1,
  cpus: 4,
  memoryBytes: 8 * 2 ** 30,
  freeCpus: 4,
  freeMemoryBytes: 8 * 2 ** 30,
  preference: 0,
  ...over,
});

const task: TaskAsk = { runId: 'r', project: 'p', tags: [], browsers: [], cpus: 0, memoryBytes: 0 };
const strategyOf = (name: string): Strategy => {
  const found = BUILT_IN.get(name);
  if (!found) throw new Error(`no strategy ${name}`);
  return found;
};
const share = (workers: WorkerLoad[], tasks: number, name: string, nextGrant = 1): string[] =>
  distribute(workers, tasks, { strategy: strategyOf(name), task, nextGrant });

describe('who takes the next task', () => {
  test('least loaded: the most free slots, counted anew after each task', () => {
    expect(share([worker('a', { freeSlots: 1 }), worker('b', { freeSlots: 3 })], 4, 'least_loaded', 1)).toEqual([
      'b',
      'b',
      'a',
      'b',
    ]);
  });

  test('round robin: whoever waits longest', () => {
    const workers = [worker('a', { lastGrant: 2 }), worker('b', { lastGrant: 1 }), worker('c')];
    expect(share(workers, 6, 'round_robin', 3)).toEqual(['c', 'b', 'a', 'c', 'b', 'a']);
  });

  test('priority: the highest first until it is full', () => {
    expect(share([worker('a'), worker('b', { priority: 200 })], 3, 'priority', 1)).toEqual(['b', 'b', 'a']);
  });

  test('weighted: the formula to the letter', () => {
    const load = worker('a', { weight: 0.5, freeSlots: 3, successRatio: 0.8, avgDurationMs: 12_000 });
    expect(strategyOf('weighted').score(load, task)).toBeCloseTo(0.5 * 100 + 3 * 10 + 0.8 * 50 - 12_000 / 1000);
  });

  test('nobody gets more than its free slots, and tasks are only left where all are full', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 5 }), { maxLength: 20 }),
        fc.nat({ max: 60 }),
        fc.constantFrom(...BUILT_IN.keys()),
        (slots, tasks, strategy) => {
          const workers = slots.map((freeSlots, i) => worker(`w${i}`, { freeSlots, priority: i % 3 }));
          const takers = share(workers, tasks, strategy, 1);
          const total = slots.reduce((a, b) => a + b, 0);
          expect(takers).toHaveLength(Math.min(tasks, total));
          for (const { id, freeSlots } of workers)
            expect(takers.filter((taker) => taker === id).length).toBeLessThanOrEqual(freeSlots);
        },
      ),
    );
  });
});

const machine = (over: Partial<Candidate['capabilities']> = {}, tags: string[] = []): Candidate => ({
  name: 'm',
  tags,
  capabilities: {
    platform: 'linux',
    arch: 'x64',
    cpus: 4,
    memory_bytes: 8 * 2 ** 30,
    disk_free_bytes: null,
    displays: 0,
    browsers: new Set(['chromium']),
    ...over,
  },
});

const needed = (needs: string) => ({ requirements: {}, needs, cpus: 0, memoryBytes: 0 });

describe('matching', () => {
  test.each([
    [{ browsers: ['firefox' as const] }, 'has no firefox'],
    [{ platform: ['win32'] }, 'runs linux'],
    [{ arch: ['arm64'] }, 'is x64'],
    [{ min_cpus: 8 }, 'has 4 CPUs'],
    [{ min_memory_bytes: 2 ** 34 }, 'has 8 GiB of memory'],
    [{ min_disk_bytes: 1 }, 'has 0 GiB of free disk'],
    [{ min_displays: 1 }, 'has 0 displays'],
    [{ tags: ['gpu', 'lab'] }, 'lacks the tag gpu'],
  ])('%o: %s', (requirements, why) => {
    expect(whyNotMatching(requirements, machine({}, ['lab']))).toBe(why);
  });

  test('a machine that has all matches', () => {
    const all = { browsers: ['chromium' as const], platform: ['linux'], min_cpus: 4, tags: ['lab'] };
    expect(whyNotMatching(all, machine({}, ['lab', 'other']))).toBeNull();
  });

  test('why nobody can serve a run names the mend', () => {
    expect(whyUnservable([needed('')], [])).toMatch(/playfleet worker --join/);
    expect(whyUnservable([needed('chromium'), needed('webkit')], [machine()])).toMatch(
      /can launch webkit.*npx playwright install webkit/,
    );
    expect(whyUnservable([needed('chromium')], [machine()])).toBeNull();
    expect(whyUnservable([{ ...needed(''), requirements: { tags: ['gpu'] } }], [machine()])).toMatch(
      /m lacks the tag gpu/,
    );
  });
});

describe('what becomes of a task', () => {
  const facts = { retriesUsed: 0, maxRetries: 2, missing: 0 };

  test('a finished process with all results completes it', () => {
    expect(judgeFinish({ how: 'finished', message: null, permanent: false }, facts)).toMatchObject({
      next: 'completed',
    });
  });

  test('missing results are tried again, then fail with the reason', () => {
    const end = { how: 'finished' as const, message: null, permanent: false };
    expect(judgeFinish(end, { ...facts, missing: 3 })).toMatchObject({
      next: 'pending',
      reason: '3 ordered tests did not report a result',
    });
    expect(judgeFinish(end, { ...facts, missing: 3, retriesUsed: 2 })).toMatchObject({ next: 'failed' });
  });

  test('what cannot be mended by trying again is not tried again', () => {
    expect(judgeFinish({ how: 'prepare_failed', message: 'no lock file', permanent: true }, facts)).toMatchObject({
      next: 'failed',
      reason: 'no lock file',
    });
  });

  test('a time-out ends as timeout once no retry is left', () => {
    expect(judgeFinish({ how: 'timeout', message: null, permanent: false }, { ...facts, maxRetries: 0 })).toMatchObject(
      { next: 'timeout' },
    );
  });

  test('a worker that was lost after its last result has done its task', () => {
    expect(judgeLoss('lost', 'gone', facts, true)).toMatchObject({ next: 'completed' });
    expect(judgeLoss('lost', 'gone', facts, false)).toMatchObject({ next: 'pending', ended: 'lost' });
  });

  test('no ending is ever both retried and over its limit', () => {
    const how = fc.constantFrom('finished' as const, 'crashed' as const, 'timeout' as const, 'prepare_failed' as const);
    fc.assert(
      fc.property(
        how,
        fc.boolean(),
        fc.nat(5),
        fc.nat(5),
        fc.nat(3),
        (ending, permanent, retriesUsed, maxRetries, missing) => {
          const verdict = judgeFinish({ how: ending, message: null, permanent }, { retriesUsed, maxRetries, missing });
          if (verdict.next === 'pending') expect(!permanent && retriesUsed < maxRetries).toBe(true);
        },
      ),
    );
  });
});
