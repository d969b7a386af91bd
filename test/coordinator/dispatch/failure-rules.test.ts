import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blameFor, isIncident } from '../../../coordinator/dispatch/rules/blame.ts';
import {
  afterFailure,
  afterSuccess,
  afterTime,
  closedBreaker,
  coolDownMs,
  slotsAllowed,
  type Breaker,
  type BreakerRules,
  type MachineFailure,
} from '../../../coordinator/dispatch/rules/breaker.ts';
import {
  askPerson,
  chooseNext,
  PATIENCE_MS,
  type PastFailure,
} from '../../../coordinator/dispatch/rules/escalation.ts';
import { whyUnservable, type Candidate } from '../../../coordinator/dispatch/rules/matching.ts';
import { halve, quarantineNote, tellApart } from '../../../coordinator/dispatch/rules/poison.ts';
import { judgeFinish, judgeLoss, MOST_QUARANTINED } from '../../../coordinator/dispatch/rules/task-state.ts';

const rules: BreakerRules = {
  failuresInRow: 3,
  failurePercent: 50,
  windowMs: 600_000,
  coolDownMs: 30_000,
  coolDownLimitMs: 600_000,
};
const failure = (at: number, completedBefore = 0): MachineFailure => ({ at, completedBefore, reason: `at ${at}` });

describe('the circuit breaker', () => {
  test('opens after so many failures in a row, and a completed task between them starts the count anew', () => {
    const closed = closedBreaker(0);
    const two = [failure(1), failure(2)];
    expect(afterFailure(closed, { failures: two, completed: 0 }, rules, 2)).toBe(closed);
    expect(afterFailure(closed, { failures: [...two, failure(3, 1)], completed: 1 }, rules, 3)).toBe(closed);
    expect(afterFailure(closed, { failures: [failure(3), ...two], completed: 0 }, rules, 3)).toEqual({
      state: 'open',
      reason: '3 failures in a row, the last: at 3',
      until: 30_003,
      openings: 1,
      from: 0,
    });
    expect(
      afterFailure(closed, { failures: [...two, failure(3)], completed: 0 }, { ...rules, failuresInRow: 0 }, 3),
    ).toBe(closed);
  });

  test('opens at a high rate within the window, though tasks are completed between', () => {
    const failures = Array.from({ length: 5 }, (_, i) => failure(100 + i, 10 + i));
    const open = afterFailure(closedBreaker(0), { failures, completed: 15 }, rules, 200);
    expect(open).toMatchObject({ state: 'open', reason: '5 of 10 tries failed within 600 s, the last: at 104' });
    expect(afterFailure(closedBreaker(0), { failures, completed: 16 }, rules, 200)).toMatchObject({ state: 'closed' });
    // Too few, or too long ago.
    expect(afterFailure(closedBreaker(0), { failures: failures.slice(1), completed: 15 }, rules, 200).state).toBe(
      'closed',
    );
    expect(afterFailure(closedBreaker(0), { failures, completed: 15 }, rules, 600_104).state).toBe('closed');
  });

  test('counts what ended in one moment once, and nothing from before it was closed', () => {
    const atOnce = [failure(5), failure(5), failure(5), failure(5)];
    expect(afterFailure(closedBreaker(0), { failures: atOnce, completed: 0 }, rules, 5).state).toBe('closed');
    const before = [failure(1), failure(2), failure(9)];
    expect(afterFailure(closedBreaker(3), { failures: before, completed: 0 }, rules, 9).state).toBe('closed');
  });

  test('a trial that fails opens it again for twice as long, one that is completed closes it', () => {
    const open: Breaker = { state: 'open', reason: 'x', until: 100, openings: 1, from: 0 };
    expect(afterTime(open, 99)).toBe(open);
    const half = afterTime(open, 100);
    expect(half).toEqual({ ...open, state: 'half_open', until: null });
    expect(afterFailure(half, { failures: [failure(150, 7)], completed: 7 }, rules, 150)).toEqual({
      state: 'open',
      reason: 'the try after its cool-down failed: at 150',
      until: 150 + 60_000,
      openings: 2,
      from: 0,
    });
    expect(afterSuccess(half, 160)).toEqual(closedBreaker(160));
    expect(afterSuccess(open, 160)).toBe(open);
    expect(afterFailure(open, { failures: [failure(50)], completed: 0 }, rules, 50)).toBe(open);
  });

  test('whatever happens, it is open only until a later time within the limit, and lets through at most one at half', () => {
    type Step = { kind: 'failure' | 'success' | 'time'; ms: number };
    const step: fc.Arbitrary<Step> = fc.record({
      kind: fc.constantFrom('failure' as const, 'failure' as const, 'success' as const, 'time' as const),
      ms: fc.integer({ min: 0, max: 400_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.nat(8), fc.nat(8), (steps, free, held) => {
        let breaker = closedBreaker(0);
        let now = 0;
        let completed = 0;
        const failures: MachineFailure[] = [];
        for (const { kind, ms } of steps) {
          now += ms;
          const before = breaker;
          breaker = afterTime(breaker, now);
          if (kind === 'failure') {
            failures.push(failure(now, completed));
            breaker = afterFailure(breaker, { failures, completed }, rules, now);
          } else if (kind === 'success') {
            completed++;
            breaker = afterSuccess(breaker, now);
          }
          expect(breaker.state === 'open').toBe(breaker.until !== null);
          expect(breaker.state === 'closed').toBe(breaker.reason === null);
          if (breaker.state === 'open') {
            expect(breaker.until).toBeGreaterThan(now);
            expect(breaker.until! - now).toBeLessThanOrEqual(rules.coolDownLimitMs);
          }
          // Nothing but a completed task closes it, and nothing but time ends a cool-down.
          if (before.state !== 'closed' && breaker.state === 'closed') expect(kind).toBe('success');
          if (before.state === 'open' && breaker.state !== 'open') expect(before.until).toBeLessThanOrEqual(now);
          const allowed = slotsAllowed(breaker.state, free, held);
          expect(allowed).toBeLessThanOrEqual(free);
          if (breaker.state === 'open') expect(allowed).toBe(0);
          if (breaker.state === 'half_open') expect(allowed).toBe(free > 0 && held === 0 ? 1 : 0);
          if (breaker.state === 'closed') expect(allowed).toBe(free);
        }
      }),
    );
  });

  test('cool-downs double up to the limit, however often it opens', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((n) => coolDownMs(n, rules) / 1000)).toEqual([30, 60, 120, 240, 480, 600, 600]);
    expect(coolDownMs(10_000, rules)).toBe(600_000);
  });
});

describe('blame', () => {
  const facts = { permanent: false, failedElsewhere: 0, passedElsewhere: false, othersFailedHere: 0 };
  test.each([
    ['nothing else is known', {}, 'unclear'],
    ['a further try cannot help', { permanent: true, othersFailedHere: 9 }, 'test'],
    ['the same failed on another machine', { failedElsewhere: 1 }, 'test'],
    ['other work fails here as well', { othersFailedHere: 1 }, 'machine'],
    ['another machine did it', { passedElsewhere: true, failedElsewhere: 2 }, 'machine'],
    ['most of what fails does so here', { failedElsewhere: 1, othersFailedHere: 3 }, 'machine'],
    ['it fails everywhere', { failedElsewhere: 3, othersFailedHere: 1 }, 'test'],
  ] as const)('where %s', (_, over, blame) => {
    expect(blameFor({ ...facts, ...over })).toBe(blame);
  });

  test('tests that fail are no incident', () => {
    const hows = ['finished', 'cancelled', 'crashed', 'timeout', 'prepare_failed', 'lost', 'expired'] as const;
    expect(hows.filter(isIncident)).toEqual(['crashed', 'timeout', 'prepare_failed', 'lost', 'expired']);
  });
});

describe('escalation', () => {
  const place = (name: string, kind = 'linux x64', machine = name) => ({ workerId: `id-${name}`, name, machine, kind });
  const failed = (name: string, at = 0, kind = 'linux x64', machine = name): PastFailure => ({
    ...place(name, kind, machine),
    at,
    reason: 'gone',
  });
  const chosen = (...args: Parameters<typeof chooseNext>) => {
    const { step, workerIds } = chooseNext(...args);
    return [step, ...[...workerIds].toSorted()];
  };

  test('first another machine, then another kind of machine, and the same one where there is no other', () => {
    expect(chosen([failed('a')], [place('a'), place('b')], 1)).toEqual(['other_worker', 'id-b']);
    expect(chosen([failed('a')], [place('a'), place('a2', 'linux x64', 'a')], 1)).toEqual(['retry', 'id-a', 'id-a2']);
    const able = [place('a'), place('b'), place('c'), place('m', 'darwin arm64')];
    expect(chosen([failed('a'), failed('b')], able, 1)).toEqual(['other_kind', 'id-m']);
    expect(chosen([failed('a'), failed('b')], able.slice(0, 3), 1)).toEqual(['other_worker', 'id-c']);
    expect(chosen([failed('a')], [place('a')], 1)).toEqual(['retry', 'id-a']);
  });

  test('a better worker that is always busy is not waited for without end', () => {
    expect(chosen([failed('a', 5)], [place('a'), place('b')], 4 + PATIENCE_MS)).toEqual(['other_worker', 'id-b']);
    expect(chosen([failed('a', 5)], [place('a'), place('b')], 5 + PATIENCE_MS)).toEqual(['retry', 'id-a', 'id-b']);
  });

  test('somebody may take it whenever somebody is able, and never one that failed it while another machine is fresh', () => {
    const names = ['a', 'b', 'c', 'd'] as const;
    const kinds = { a: 'linux x64', b: 'linux x64', c: 'darwin arm64', d: 'win32 x64' };
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 6 }),
        fc.subarray([...names]),
        fc.nat(PATIENCE_MS - 1),
        (past, able, now) => {
          const failures = past.map((name) => failed(name, 0, kinds[name]));
          const { workerIds, step } = chooseNext(
            failures,
            able.map((name) => place(name, kinds[name])),
            now,
          );
          expect(workerIds.size > 0).toBe(able.length > 0);
          const fresh = able.filter((name) => !past.includes(name));
          if (fresh.length > 0) for (const name of past) expect(workerIds.has(`id-${name}`)).toBe(false);
          expect(step === 'retry').toBe(fresh.length === 0);
        },
      ),
    );
  });

  test('a person is told where to look', () => {
    expect(askPerson([failed('a'), failed('a')])).toMatch(/Tried 2 times.*failed on a only, so look at that machine/);
    expect(askPerson([failed('a'), failed('b')])).toMatch(/different machines, so look at the suite.*playfleet retry/);
  });
});

describe('poison tests', () => {
  test('every open unit goes on in exactly one place, each suspect alone, and no innocent beside one', () => {
    const units = fc
      .array(fc.boolean(), { maxLength: 30 })
      .map((flags) => flags.map((suspect, no) => ({ no, suspect })));
    fc.assert(
      fc.property(units, (open) => {
        const { stay, apart } = tellApart(open);
        const all = [...stay, ...apart.flatMap(({ unitNos }) => unitNos)];
        expect(all.toSorted((a, b) => a - b)).toEqual(open.map(({ no }) => no));
        for (const unitNos of [stay, ...apart.map((one) => one.unitNos)]) {
          if (unitNos.some((no) => open[no]?.suspect)) expect(unitNos).toHaveLength(1);
        }
        expect(stay.length > 0).toBe(open.length > 0);
        for (const one of apart) expect(one.unitNos.some((no) => open[no]?.suspect)).toBe(one.suspect);
      }),
    );
  });

  test('halves hold every unit once, and are smaller than the whole', () => {
    fc.assert(
      fc.property(fc.nat(50), (n) => {
        const units = Array.from({ length: n }, (_, no) => ({ no, suspect: false }));
        const { stay, apart } = halve(units);
        const other = apart.flatMap(({ unitNos }) => unitNos);
        expect([...stay, ...other].toSorted((a, b) => a - b)).toEqual(units.map(({ no }) => no));
        expect(stay.length - other.length).toBe(n % 2);
        expect(apart.length).toBe(n > 1 ? 1 : 0);
      }),
    );
  });

  test('the note lists each incident', () => {
    const incidents = [
      { worker: 'one', at: 0, how: 'crashed', reason: 'killed' },
      { worker: 'two', at: 1000, how: 'lost', reason: null },
    ];
    expect(quarantineNote(incidents)).toBe(
      'quarantined: it was running in 2 losses or crashes and is not tried again in this run. 1. on one at 1970-01-01T00:00:00.000Z (crashed: killed); 2. on two at 1970-01-01T00:00:01.000Z (lost)',
    );
  });

  const facts = { retriesUsed: 2, maxRetries: 2, missing: 1 };
  const crash = { how: 'crashed' as const, message: 'killed', permanent: false };
  const incident = { suspects: 1, quarantined: 0, quarantinedOfRun: 0, divided: false };
  test('a crash of which the running tests are known costs no retry, unless nothing is to be tried again at all', () => {
    expect(judgeFinish(crash, { ...facts, incident })).toMatchObject({ next: 'pending', ended: 'failed' });
    expect(judgeFinish(crash, { ...facts, maxRetries: 0, retriesUsed: 0, incident })).toMatchObject({ next: 'failed' });
    const unknown = { ...incident, suspects: 0 };
    expect(judgeFinish(crash, { ...facts, incident: unknown })).toMatchObject({ next: 'failed' });
    expect(judgeFinish(crash, { ...facts, incident: { ...unknown, divided: true } })).toMatchObject({
      next: 'pending',
    });
    expect(judgeFinish({ ...crash, permanent: true }, { ...facts, incident })).toMatchObject({ next: 'failed' });
    expect(judgeFinish({ ...crash, how: 'timeout' }, { ...facts, incident })).toMatchObject({ next: 'timeout' });
    expect(judgeLoss('lost', 'gone', { ...facts, incident }, true)).toMatchObject({ next: 'pending', ended: 'lost' });
  });

  test('with the killer in quarantine the rest goes on, or is done', () => {
    const taken = { suspects: 1, quarantined: 1, quarantinedOfRun: 1, divided: false };
    expect(judgeFinish(crash, { ...facts, incident: taken })).toMatchObject({ next: 'pending' });
    expect(judgeFinish(crash, { ...facts, missing: 0, incident: taken })).toMatchObject({
      next: 'completed',
      ended: 'failed',
    });
    const many = { ...taken, quarantinedOfRun: MOST_QUARANTINED + 1 };
    expect(judgeFinish(crash, { ...facts, incident: many })).toMatchObject({
      next: 'failed',
      reason: expect.stringMatching(/11 tests of this run are quarantined/) as string,
    });
  });
});

test('a run of which every able worker is held back says so, with when the next try is', () => {
  const machine = (
    name: string,
    heldBack: { until: number; reason: string } | null,
    browsers = ['chromium'],
  ): Candidate => ({
    name,
    capabilities: {
      platform: 'linux',
      arch: 'x64',
      cpus: 2,
      memory_bytes: 1,
      disk_free_bytes: 1,
      displays: 0,
      browsers: new Set(browsers),
    },
    tags: [],
    heldBack,
  });
  const late = machine('late', { until: 5000, reason: 'it crashed' });
  const soon = machine('soon', { until: 1000, reason: 'it burns' });
  expect(whyUnservable([{ requirements: {}, needs: 'chromium', cpus: 0, memoryBytes: 0 }], [late, soon])).toBe(
    'Every connected worker that could serve this run is held back after failures: soon until 1970-01-01T00:00:01.000Z (it burns); late until 1970-01-01T00:00:05.000Z (it crashed). The first of them is tried again then; when you have mended one, tell so: playfleet workers reset soon',
  );
  expect(
    whyUnservable([{ requirements: {}, needs: 'chromium', cpus: 0, memoryBytes: 0 }], [late, machine('well', null)]),
  ).toBeNull();
  expect(
    whyUnservable(
      [{ requirements: {}, needs: 'chromium', cpus: 0, memoryBytes: 0 }],
      [late, machine('well', null, ['firefox'])],
    ),
  ).toMatch(/held back.*late/);
});
