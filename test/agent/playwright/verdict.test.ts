import { expect, test } from 'vitest';
import { verdict, type VerdictInput } from '../../../src-main/agent/playwright/verdict.ts';
import type { EndMessage } from '../../../src-main/agent/playwright/run-process.ts';

function judge(input: Partial<Omit<VerdictInput, 'end'>>, end: Partial<VerdictInput['end']> = {}) {
  return verdict({
    ordered: ['a', 'b'],
    settled: ['a', 'b'],
    errors: [],
    ...input,
    end: { ended: ended({}), exitCode: 0, signal: null, stopReason: null, ...end },
  });
}

function ended(fields: Partial<EndMessage>): EndMessage {
  return { type: 'end', status: 'passed', notRun: [], notRunReason: null, ...fields };
}

test('all settled is complete', () => {
  expect(judge({})).toEqual({ complete: true, missing: [], notRun: [], reason: null });
});

test('exit code 0 without the tests is not complete', () => {
  expect(judge({ settled: ['a'] })).toEqual({
    complete: false,
    missing: ['b'],
    notRun: [],
    reason: 'Playwright ended without running all that was ordered',
  });
});

test('tests that the suite chose not to begin are not ordered again', () => {
  const end = { ended: ended({ status: 'failed', notRun: ['b'], notRunReason: 'setupFailed' }), exitCode: 1 };
  expect(judge({ settled: ['a'] }, end)).toEqual({
    complete: true,
    missing: [],
    notRun: ['b'],
    reason: 'a setup project failed',
  });
});

test('tests cut off by an interruption are missing, whoever interrupted', () => {
  const interrupted = ended({ status: 'interrupted', notRun: ['b'], notRunReason: 'interrupted' });
  expect(judge({ settled: ['a'] }, { ended: interrupted })).toMatchObject({ complete: false, missing: ['b'] });
  expect(judge({ settled: ['a'] }, { ended: interrupted, stopReason: 'cancelled' }).reason).toBe('cancelled');
});

test('a death is told with its signal and the first error outside tests', () => {
  const dead = judge({ settled: [], errors: ['out of memory'] }, { ended: null, exitCode: null, signal: 'SIGKILL' });
  expect(dead).toMatchObject({
    complete: false,
    missing: ['a', 'b'],
    reason: 'Playwright was killed by SIGKILL: out of memory',
  });
  expect(judge({ settled: [] }, { ended: null, exitCode: 1 }).reason).toMatch(/exit code 1 before its report/);
});

test('a shard that was never planned is not complete', () => {
  expect(judge({ ordered: null, settled: [] }, { ended: null, exitCode: 1 }).complete).toBe(false);
});
