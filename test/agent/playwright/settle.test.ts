import { expect, test } from 'vitest';
import { Settling, type TriedTest } from '../../../src-main/agent/playwright/reporter/settle.ts';
import type { TestStatus } from '../../../shared/protocol/playwright.ts';

interface Fake extends TriedTest {
  results: { status: TestStatus }[];
}

function fake(id: string, retries: number, expectedStatus: TestStatus = 'passed'): Fake {
  const results: Fake['results'] = [];
  return {
    id,
    retries,
    expectedStatus,
    results,
    outcome: () => {
      const all = results
        .map(({ status }) => status)
        .filter((status) => status !== 'skipped' && status !== 'interrupted');
      const good = all.filter((status) => status === expectedStatus).length;
      return all.length === 0 ? 'skipped' : good === all.length ? 'expected' : good > 0 ? 'flaky' : 'unexpected';
    },
  };
}

/** Plays attempts in order; returns what was settled after each, as `id:outcome:attempts`. */
function play(settling: Settling, ...attempts: [Fake, TestStatus][]): string[][] {
  return attempts.map(([test, status]) => {
    test.results.push({ status });
    return settling.ended(test).map((each) => `${each.testId}:${each.outcome}:${each.attempts}`);
  });
}

test('a test is settled when it passes or has used up its retries', () => {
  const [good, bad, flaky] = [fake('good', 1), fake('bad', 1), fake('flaky', 2)];
  const settling = new Settling([[good], [bad], [flaky]]);
  const attempts = play(
    settling,
    [good, 'passed'],
    [bad, 'failed'],
    [flaky, 'timedOut'],
    [bad, 'failed'],
    [flaky, 'passed'],
  );
  expect(attempts).toEqual([['good:expected:1'], [], [], ['bad:unexpected:2'], ['flaky:flaky:2']]);
});

test('a test that is expected to fail is settled by failing', () => {
  const test = fake('t', 2, 'failed');
  expect(play(new Settling([[test]]), [test, 'failed'])).toEqual([['t:expected:1']]);
});

test('a test skipped because of another is tried again, one skipped by itself is not', () => {
  const [pushed, own] = [fake('pushed', 1), fake('own', 1, 'skipped')];
  const settling = new Settling([[pushed], [own]]);
  expect(play(settling, [pushed, 'skipped'], [own, 'skipped'], [pushed, 'passed'])).toEqual([
    [],
    ['own:skipped:1'],
    ['pushed:expected:2'],
  ]);
});

test('a serial group is settled only together, after its last round', () => {
  const group = [fake('a', 1), fake('b', 1), fake('c', 1)] as const;
  const [a, b, c] = group;
  const rounds = play(
    new Settling([[...group]]),
    [a, 'passed'],
    [b, 'failed'],
    [c, 'skipped'],
    [a, 'passed'],
    [b, 'passed'],
    [c, 'passed'],
  );
  expect(rounds.slice(0, 5)).toEqual([[], [], [], [], []]);
  expect(rounds[5]).toEqual(['a:expected:2', 'b:flaky:2', 'c:expected:2']);
});

test('a serial group without retries left is settled as it failed', () => {
  const [a, b] = [fake('a', 0), fake('b', 0)];
  expect(play(new Settling([[a, b]]), [a, 'failed'], [b, 'skipped'])[1]).toEqual(['a:unexpected:1', 'b:skipped:1']);
});

test('within a group only those with retries left come again', () => {
  const [a, b] = [fake('a', 2), fake('b', 0)];
  const rounds = play(new Settling([[a, b]]), [a, 'failed'], [b, 'skipped'], [a, 'passed']);
  expect(rounds).toEqual([[], [], ['a:flaky:2', 'b:skipped:1']]);
});

test('at the end, failures that were not retried are settled, and what never ran is named', () => {
  const [failed, never, cut, open] = [fake('failed', 2), fake('never', 0), fake('cut', 0), fake('open', 0)];
  const settling = new Settling([[failed], [never], [cut], [open]]);
  play(settling, [failed, 'failed'], [cut, 'interrupted']);
  // Begun, and Playwright's results say `skipped` until it ends.
  open.results.push({ status: 'skipped' });
  expect(settling.rest(false)).toEqual({
    settled: [{ testId: 'failed', outcome: 'unexpected', attempts: 1 }],
    notRun: ['never', 'cut', 'open'],
  });
});

test('an interruption settles nothing that still had retries', () => {
  const [failed, done] = [fake('failed', 2), fake('done', 0)];
  const settling = new Settling([[failed], [done]]);
  play(settling, [failed, 'failed'], [done, 'passed']);
  expect(settling.rest(true)).toEqual({ settled: [], notRun: ['failed'] });
});
