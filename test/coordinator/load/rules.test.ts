import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isUnimportant } from '../../../coordinator/load/rules/importance.ts';
import {
  calm,
  CALM_MS,
  leavesOut,
  LEVELS,
  LIMITS,
  nextLoad,
  nextSaturation,
  paceOf,
  RISE_MS,
  SHEDDABLE,
  type Load,
  type Saturation,
  type LoadLevel,
  type Signals,
} from '../../../coordinator/load/rules/load.ts';

const quiet: Signals = { loopDelayMs: 0, commitWaitMs: 0, inflowBytes: 0, saturatedMs: 0 };
const bad: Signals = { ...quiet, loopDelayMs: LIMITS.loopDelayMs.overloaded };
const middling: Signals = { ...quiet, commitWaitMs: LIMITS.commitWaitMs.busy };
const TICK = 250;

/** The levels after each of the signals, one tick apart. */
function watch(signals: readonly Signals[], start = calm(0)): Load[] {
  const loads: Load[] = [];
  for (const [i, each] of signals.entries()) loads.push(nextLoad(loads.at(-1) ?? start, each, (i + 1) * TICK));
  return loads;
}

const times = (count: number, signals: Signals) => Array.from({ length: count }, () => signals);
const levels = (loads: readonly Load[]) => loads.map(({ level }) => level);

test('one long command is no overload, what lasts is, and the reason is told in figures', () => {
  expect(new Set(levels(watch([quiet, bad, quiet, bad, bad, quiet])))).toEqual(new Set(['normal']));
  const loads = watch(times(5, bad));
  expect(levels(loads)).toEqual(['normal', 'normal', 'normal', 'overloaded', 'overloaded']);
  expect(loads.at(-1)?.reasons).toEqual(['everything waits up to 500 ms for its turn']);
});

test('it is over when it has been clearly better for a while, and not before', () => {
  const after = (signals: Signals) => watch([...times(4, bad), ...times(20, signals)]).slice(4);
  const recovered = after(quiet).findIndex(({ level }) => level === 'normal');
  expect((recovered + 1) * TICK).toBe(CALM_MS);
  expect(after(quiet).at(-1)).toMatchObject({ level: 'normal', reasons: [] });
  expect(after(middling).at(-1)?.level).toBe('busy');
  // A little below the limit is not clearly better.
  expect(after({ ...quiet, loopDelayMs: LIMITS.loopDelayMs.overloaded - 10 }).at(-1)?.level).toBe('overloaded');
});

test('whatever comes, it changes at most as often as it must rise or be calm, and quiet always ends it', () => {
  const signals = fc.record({
    loopDelayMs: fc.double({ min: 0, max: 2000, noNaN: true }),
    commitWaitMs: fc.double({ min: 0, max: 3000, noNaN: true }),
    inflowBytes: fc.nat(128 * 1024 * 1024),
    saturatedMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(signals, { minLength: 1, maxLength: 60 }), (road) => {
      const loads = watch([...road, ...times(CALM_MS / TICK + 1, quiet)]);
      expect(loads.at(-1)?.level).toBe('normal');
      for (const [i, { level, reasons, since }] of loads.entries()) {
        const before = loads[i - 1] ?? calm(0);
        if (level !== before.level) expect(since - before.since).toBeGreaterThanOrEqual(Math.min(RISE_MS, CALM_MS));
        expect(reasons.length > 0).toBe(level !== 'normal');
      }
    }),
    { numRuns: 500 },
  );
});

test('the database counts as saturated from when it is at work nearly all the time until it clearly pauses, not for one pause', () => {
  const shares = [...Array<number>(8).fill(1), 0.4, 1, 1, 0, 0];
  let saturation: Saturation = { share: 0, since: null };
  const since = shares.map((share, i) => (saturation = nextSaturation(saturation, share, i)).since);
  expect(since).toEqual([null, null, null, 3, 3, 3, 3, 3, 3, 3, 3, null, null]);
});

test('the least important is left out first, and nothing that is not named', () => {
  const out = (level: LoadLevel) => SHEDDABLE.filter((what) => leavesOut(level, what));
  expect(LEVELS.map(out)).toEqual([[], ['metrics'], ['metrics', 'log_lines', 'live_views', 'requests']]);
});

test('agents are asked to send less the worse it is, and never so rarely that leases would end', () => {
  const settings = { heartbeatMs: 10_000, leaseMs: 60_000 };
  expect(LEVELS.map((level) => paceOf(level, settings))).toEqual([
    { logMs: 200, heartbeatMs: 10_000 },
    { logMs: 1_000, heartbeatMs: 15_000 },
    { logMs: 5_000, heartbeatMs: 15_000 },
  ]);
  expect(paceOf('overloaded', { heartbeatMs: 10_000, leaseMs: 20_000 }).heartbeatMs).toBe(10_000);
});

test('what may be refused are reads of people, but not what somebody who waits for a run needs', () => {
  const reads = [
    '/api/v1/test-runs',
    '/api/v1/test-runs/1/tests',
    '/api/v1/results/1',
    '/api/v1/audit',
    '/api/v1/test-runs/1/logs',
  ];
  for (const path of reads) {
    expect([path, isUnimportant('user', 'GET', path)]).toEqual([path, true]);
    expect(isUnimportant('worker', 'GET', path)).toBe(false);
    expect(isUnimportant('user', 'POST', path)).toBe(false);
  }
  for (const path of ['/healthz', '/api/v1/events/stream', '/api/v1/test-runs/1', '/api/v1/test-runs/1/progress'])
    expect([path, isUnimportant('user', 'GET', path)]).toEqual([path, false]);
});
