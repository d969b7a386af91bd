/** What people read when something cannot be done or went wrong: each sentence names what is missing, and the limits are exact. */
import { describe, expect, test } from 'vitest';
import {
  afterTime,
  afterFailure,
  closedBreaker,
  type BreakerRules,
} from '../../../coordinator/dispatch/rules/breaker.ts';
import { askPerson, chooseNext, PATIENCE_MS, type Place } from '../../../coordinator/dispatch/rules/escalation.ts';
import {
  whyNotMatching,
  whyUnservable,
  type Candidate,
  type Needed,
} from '../../../coordinator/dispatch/rules/matching.ts';
import { judgeFinish, judgeLoss, MOST_QUARANTINED } from '../../../coordinator/dispatch/rules/task-state.ts';

import type { Requirements } from '../../../shared/protocol/work.ts';

const GIB = 2 ** 30;
const machine = (over: Partial<Candidate> = {}, has: Partial<Candidate['capabilities']> = {}): Candidate => ({
  name: 'one',
  tags: ['lab'],
  ...over,
  capabilities: {
    platform: 'linux',
    arch: 'x64',
    cpus: 4,
    memory_bytes: 8 * GIB,
    disk_free_bytes: 10 * GIB,
    displays: 1,
    browsers: new Set(['chromium']),
    ...has,
  },
});

describe('matching', () => {
  test('exactly enough is enough, and what is not asked for is not looked at', () => {
    const one = machine();
    expect(
      whyNotMatching({ min_cpus: 4, min_memory_bytes: 8 * GIB, min_disk_bytes: 10 * GIB, min_displays: 1 }, one),
    ).toBeNull();
    expect(
      whyNotMatching({}, machine({}, { cpus: 0, memory_bytes: 0, disk_free_bytes: null, displays: 0 })),
    ).toBeNull();
  });

  test('each thing that is missing is named with what is there', () => {
    const one = machine();
    expect(whyNotMatching({ min_cpus: 5 }, one)).toBe('has 4 CPUs');
    expect(whyNotMatching({ min_memory_bytes: 8 * GIB + 1 }, one)).toBe('has 8 GiB of memory');
    expect(whyNotMatching({ min_disk_bytes: 11 * GIB }, one)).toBe('has 10 GiB of free disk');
    expect(whyNotMatching({ min_displays: 2 }, one)).toBe('has 1 displays');
    expect(whyNotMatching({ browsers: ['firefox', 'webkit'] }, one)).toBe('has no firefox, webkit');
    expect(whyNotMatching({ tags: ['gpu', 'fast', 'lab'] }, one)).toBe('lacks the tag gpu, fast');
  });

  const asking = (requirements: Requirements, sets: readonly string[]): Needed[] =>
    sets.map((needs) => ({ requirements, needs, cpus: 0, memoryBytes: 0 }));

  test('the first five machines say why they do not do', () => {
    const many = Array.from({ length: 7 }, (_, n) => machine({ name: `m${n}` }));
    const why = whyUnservable(asking({ tags: ['gpu'] }, ['']), many) ?? '';
    expect(why).toContain('m0 lacks the tag gpu; m1 lacks the tag gpu');
    expect(why).toContain('m4 lacks');
    expect(why).not.toContain('m5');
  });

  test('browsers that nobody has are named, each once', () => {
    const fleet = [machine(), machine({ name: 'two' }, { browsers: new Set(['webkit']) })];
    expect(whyUnservable(asking({}, ['chromium,firefox', 'firefox']), fleet)).toContain('can launch firefox.');
    expect(whyUnservable(asking({}, ['chromium', 'webkit']), fleet)).toBeNull();
    // Each is there somewhere, but no machine has both.
    expect(whyUnservable(asking({}, ['chromium,webkit']), fleet)).toContain('can launch chromium,webkit.');
    expect(whyUnservable(asking({}, ['chromium']), [machine({}, { browsers: new Set() })])).toContain(
      'npx playwright install chromium,',
    );
    const bare = machine({}, { browsers: new Set() });
    expect(whyUnservable(asking({}, ['firefox,webkit']), [bare])).toContain('can launch firefox and webkit.');
    expect(whyUnservable(asking({}, ['firefox,webkit']), [bare])).toContain('npx playwright install firefox webkit,');
  });

  test('of machines that are held back, the first that is tried again stands first', () => {
    const late = machine({ name: 'late', heldBack: { until: 2_000, reason: 'it crashed' } });
    const soon = machine({ name: 'soon', heldBack: { until: 1_000, reason: 'it was lost' } });
    const why = whyUnservable(asking({}, ['chromium']), [late, soon]) ?? '';
    expect(why).toContain(
      'soon until 1970-01-01T00:00:01.000Z (it was lost); late until 1970-01-01T00:00:02.000Z (it crashed)',
    );
    expect(why).toContain('playfleet workers reset soon');
  });
});

describe('escalation', () => {
  const place = (n: number, kind = 'linux x64'): Place => ({
    workerId: `w${n}`,
    name: `name${n}`,
    machine: `m${n}`,
    kind,
  });
  const failed = (n: number, kind?: string) => ({ ...place(n, kind), at: 0, reason: 'crashed' });

  test('why somebody is next tells where it failed', () => {
    expect(chooseNext([], [place(1)], 0)).toEqual({
      step: 'retry',
      workerIds: new Set(['w1']),
      why: 'nothing of it failed yet',
    });
    expect(chooseNext([failed(1)], [place(1)], 0).why).toBe('it failed on name1; no other able worker is connected');
    expect(chooseNext([failed(1)], [place(1), place(2)], 0).why).toBe('it failed on name1; another worker is next');
    expect(chooseNext([failed(1)], [place(1), place(2)], PATIENCE_MS).why).toBe(
      'it failed on name1; no other able worker was free for 60 s',
    );
    const twice = [failed(1), failed(2), failed(1)];
    expect(chooseNext(twice, [place(3), place(4, 'darwin arm64')], 0)).toEqual({
      step: 'other_kind',
      workerIds: new Set(['w4']),
      why: 'it failed on name1, name2 (linux x64); another kind of machine is next',
    });
  });

  test('after one machine alone, its kind is no reason', () => {
    expect(chooseNext([failed(1)], [place(3), place(4, 'darwin arm64')], 0).workerIds).toEqual(new Set(['w3', 'w4']));
  });

  test('a person reads every try, and where to look', () => {
    const tries = [
      { name: 'a', reason: 'crashed' },
      { name: 'b', reason: 'lost' },
    ];
    expect(askPerson(tries)).toContain('Tried 2 times (1. a: crashed; 2. b: lost). It failed on different machines');
    expect(askPerson(tries.slice(0, 1))).toContain('(1. a: crashed). It failed on a only');
    expect(askPerson([])).toContain('one machine only');
  });
});

describe('what becomes of a task', () => {
  const facts = { retriesUsed: 5, maxRetries: 2, missing: 3 };
  const end = (how: Parameters<typeof judgeFinish>[0]['how'], message: string | null = null) => ({
    how,
    message,
    permanent: false,
  });

  test('every bad end has a reason, its own where it gives one', () => {
    expect(judgeFinish(end('finished'), facts)).toEqual({
      next: 'failed',
      ended: 'failed',
      reason: '3 ordered tests did not report a result',
    });
    expect(judgeFinish(end('crashed'), facts)).toEqual({
      next: 'failed',
      ended: 'failed',
      reason: 'the Playwright process ended without its last word',
    });
    expect(judgeFinish(end('timeout'), facts)).toEqual({
      next: 'timeout',
      ended: 'timeout',
      reason: 'the task took longer than its time-out',
    });
    expect(judgeFinish(end('prepare_failed'), facts)).toEqual({
      next: 'failed',
      ended: 'failed',
      reason: 'the worker could not prepare the suite',
    });
    for (const how of ['finished', 'crashed', 'timeout', 'prepare_failed', 'cancelled'] as const)
      expect(judgeFinish(end(how, 'said'), facts).reason).toBe('said');
  });

  test('what was stopped on the worker waits again, and costs nothing', () => {
    expect(judgeFinish(end('cancelled'), facts)).toEqual({
      next: 'pending',
      ended: 'released',
      reason: 'stopped on the worker',
    });
  });

  test('what is complete is complete, however its worker was lost', () => {
    const done = { ...facts, missing: 0 };
    expect(judgeFinish(end('finished'), done)).toEqual({ next: 'completed', ended: 'completed', reason: null });
    expect(judgeLoss('lost', 'gone', done, true)).toEqual({ next: 'completed', ended: 'completed', reason: null });
    expect(judgeLoss('lost', 'gone', done, false)).toEqual({ next: 'failed', ended: 'lost', reason: 'gone' });
  });

  test('where more tests are quarantined than can be to blame, the task ends', () => {
    const incident = { suspects: 1, quarantined: 1, divided: false };
    const many = (quarantinedOfRun: number) => ({ ...facts, incident: { ...incident, quarantinedOfRun } });
    expect(judgeFinish(end('crashed', 'gone'), many(MOST_QUARANTINED)).next).toBe('pending');
    expect(judgeFinish(end('crashed', 'gone'), many(MOST_QUARANTINED + 1))).toMatchObject({
      next: 'failed',
      ended: 'failed',
    });
    expect(judgeFinish(end('timeout', 'gone'), many(MOST_QUARANTINED + 1))).toMatchObject({
      next: 'timeout',
      ended: 'timeout',
    });
  });
});

describe('the circuit breaker', () => {
  const rules: BreakerRules = {
    failuresInRow: 1,
    failurePercent: 100,
    windowMs: 1_000,
    coolDownMs: 10,
    coolDownLimitMs: 100,
  };
  const failure = (at: number, reason: string) => ({ at, completedBefore: 0, reason });

  test('says what the newest failure was', () => {
    const failures = [failure(5, 'newest'), failure(3, 'older')];
    expect(afterFailure(closedBreaker(0), { failures, completed: 0 }, rules, 5).reason).toBe(
      '2 failures in a row, the last: newest',
    );
    expect(afterFailure(closedBreaker(5), { failures, completed: 0 }, rules, 5).reason).toBe(
      '1 failure in a row, the last: newest',
    );
    const half = { ...closedBreaker(0), state: 'half_open' as const };
    expect(afterFailure(half, { failures, completed: 0 }, rules, 5).reason).toBe(
      'the try after its cool-down failed: newest',
    );
    expect(afterFailure(half, { failures: [], completed: 0 }, rules, 5).reason).toContain('no reason known');
  });

  test('opens no wider while it is open, and is tried again just when its time is over', () => {
    const open = { ...closedBreaker(0), state: 'open' as const, until: 100, openings: 1, reason: 'x' };
    expect(afterFailure(open, { failures: [failure(5, 'late')], completed: 0 }, rules, 5)).toBe(open);
    expect(afterTime(open, 99)).toBe(open);
    expect(afterTime(open, 100)).toMatchObject({ state: 'half_open', until: null });
    expect(afterTime(closedBreaker(0), 100)).toEqual(closedBreaker(0));
  });
});
