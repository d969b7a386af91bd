import { expect, test } from 'vitest';
import type { TestResult } from '../../../shared/protocol/rest/tests.ts';
import type { TestOutcome } from '../../../shared/protocol/playwright.ts';
import {
  barsOf,
  environmentsIn,
  firstFailed,
  standingOf,
  workersIn,
} from '../../../src-renderer/test/history-model.ts';

const LETTERS: Record<string, TestOutcome> = { p: 'expected', f: 'unexpected', y: 'flaky', s: 'skipped' };

/** Oldest first, as one reads; answered newest first, as the API does. */
const results = (letters: string, over: (index: number) => Partial<TestResult> = () => ({})): TestResult[] =>
  [...letters]
    .map((letter, index) => ({
      run_id: `r${index + 1}`,
      number: index + 1,
      run_name: '',
      outcome: LETTERS[letter]!,
      attempts: 1,
      duration_ms: 100 * (index + 1),
      worker_id: 'w1',
      worker: 'one',
      branch: null,
      commit: null,
      environment: null,
      at: '',
      ...over(index),
    }))
    .toReversed();

test.each([
  ['pppppf', 'new_failure'],
  ['ppppff', 'still_failing'],
  ['ppypppf', 'known_flaky'],
  ['ppfpppf', 'known_flaky'],
  ['ppffffppf', 'new_failure'],
  ['ppppy', null],
  ['pyppy', 'known_flaky'],
  ['ppf' + 'p', 'fixed'],
  ['pppp', null],
  ['f', null],
  ['pssf', 'new_failure'],
  ['fssf', 'still_failing'],
  ['ppps', null],
])('after %s the last one is %s', (letters, standing) => {
  expect(standingOf(results(letters), `r${letters.length}`)).toBe(standing);
});

test('how it stood in an earlier run is judged by what was before that run', () => {
  expect(standingOf(results('ppfffp'), 'r3')).toBe('new_failure');
  expect(standingOf(results('pp'), 'unknown')).toBeNull();
});

test.each([
  ['ppffsf', 6, 3],
  ['ppffsf', 4, 3],
  ['ffff', 4, null],
  ['pppp', 4, null],
  ['pfp', 3, null],
])('in %s, seen from run %i, failures began in run %s', (letters, from, first) => {
  expect(firstFailed(results(letters), `r${from}`)?.number ?? null).toBe(first);
});

test('bars are oldest first, as high as their duration, narrowed to a machine or an environment', () => {
  const list = results('pfp', (index) =>
    index === 1 ? { worker_id: 'w2', worker: 'two', environment: 'staging' } : {},
  );
  const all = barsOf(list, 'r2', { worker: '', environment: '' });
  expect(all.map(({ result, here }) => [result.number, here])).toEqual([
    [1, false],
    [2, true],
    [3, false],
  ]);
  expect(all.map(({ height }) => Math.round(height * 100))).toEqual([33, 67, 100]);
  const numbers = (narrowing: { worker: string; environment: string }) =>
    barsOf(list, 'r2', narrowing).map(({ result }) => result.number);
  expect(numbers({ worker: 'w2', environment: '' })).toEqual([2]);
  expect(numbers({ worker: '', environment: '-' })).toEqual([1, 3]);
  expect(workersIn(list)).toEqual([
    { id: 'w1', name: 'one' },
    { id: 'w2', name: 'two' },
  ]);
  expect(environmentsIn(list)).toEqual(['-', 'staging']);
  expect(barsOf([], 'r1', { worker: '', environment: '' })).toEqual([]);
});
