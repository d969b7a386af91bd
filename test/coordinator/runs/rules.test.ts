import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutTasks } from '../../../coordinator/runs/rules/cut-tasks.ts';
import { likelihoods } from '../../../coordinator/runs/rules/likely-failures.ts';
import {
  expectDurations,
  UNKNOWN_TEST_MS,
  type ForeseenTest,
} from '../../../coordinator/runs/rules/expect-duration.ts';
import { hasBrowsers, projectNeeds } from '../../../coordinator/runs/rules/needs.ts';
import { percent, successRate } from '../../../coordinator/runs/rules/run-figures.ts';
import { isFinal, nextRunState, type RunEvent } from '../../../coordinator/runs/rules/run-state.ts';
import { durationFigures } from '../../../shared/model/percentiles.ts';
import { runState } from '../../../shared/protocol/rest/runs.ts';

const events: RunEvent[] = [
  { type: 'activate', kind: 'queue' },
  { type: 'activate', kind: 'shards' },
  { type: 'planned' },
  { type: 'finish' },
  { type: 'fail' },
  { type: 'cancel' },
];

describe('the life of a run', () => {
  test('a final state is never left', () => {
    for (const state of runState.options.filter(isFinal)) {
      for (const event of events) expect(nextRunState(state, event)).toBeNull();
    }
  });

  test('any road of events ends where the drawing says, and a run can always be cancelled until it is final', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 12 }), (road) => {
        let state = runState.parse('pending');
        for (const event of road) {
          const next = nextRunState(state, event);
          if (next !== null) state = next;
          else if (event.type === 'cancel' || event.type === 'fail') expect(isFinal(state)).toBe(true);
        }
      }),
    );
  });

  test('a queue run is discovered before it runs, a static run is not', () => {
    expect(nextRunState('pending', { type: 'activate', kind: 'queue' })).toBe('scheduling');
    expect(nextRunState('scheduling', { type: 'finish' })).toBeNull();
    expect(nextRunState('scheduling', { type: 'planned' })).toBe('running');
    expect(nextRunState('pending', { type: 'activate', kind: 'shards' })).toBe('running');
    expect(nextRunState('running', { type: 'finish' })).toBe('completed');
  });
});

const units = fc.array(
  fc.record({
    expectedMs: fc.integer({ min: 1, max: 60_000 }),
    needs: fc.constantFrom('', 'chromium', 'chromium,firefox'),
    cpus: fc.constantFrom(0, 2),
    memoryBytes: fc.constantFrom(0, 2 ** 30),
  }),
  { minLength: 1, maxLength: 300 },
);

describe('cutting a run into tasks', () => {
  test('no task is empty, also where nothing is expected to take any time', () => {
    const units = [0, 0, 1_500].map((expectedMs, no) => ({ no, expectedMs, needs: '', cpus: 0, memoryBytes: 0 }));
    const tasks = cutTasks(units, 3, 500);
    expect(tasks.flatMap((task) => task.unitNos).toSorted()).toEqual([0, 1, 2]);
    for (const task of tasks) expect(task.unitNos.length).toBeGreaterThan(0);
  });

  test('every unit is in exactly one task, with units that need and ask for the same', () => {
    fc.assert(
      fc.property(units, fc.integer({ min: 1, max: 64 }), (list, slots) => {
        const numbered = list.map((unit, no) => ({ no, ...unit }));
        const tasks = cutTasks(numbered, slots, 3_000);
        expect(tasks.flatMap((task) => task.unitNos).toSorted((a, b) => a - b)).toEqual(
          numbered.map((unit) => unit.no),
        );
        for (const task of tasks) {
          expect(task.unitNos.length).toBeGreaterThan(0);
          const { needs, cpus, memoryBytes } = task;
          for (const no of task.unitNos) expect(numbered[no]).toMatchObject({ needs, cpus, memoryBytes });
        }
      }),
    );
  });

  test('likely failures begin first, in every share, and the shares stay even', () => {
    const list = Array.from({ length: 40 }, (_, no) => ({
      no,
      expectedMs: 1000 + no,
      likelihood: no < 8 ? (no + 1) / 10 : 0,
      needs: '',
      cpus: 0,
      memoryBytes: 0,
    }));
    const tasks = cutTasks(list, 4, 500);
    for (const { unitNos } of tasks) {
      const likely = unitNos.map((no) => list[no]?.likelihood ?? 0);
      expect(likely).toEqual(likely.toSorted((a, b) => b - a));
      expect(likely.filter((each) => each > 0)).toHaveLength(2);
    }
    const loads = tasks.map((task) => task.expectedMs);
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(1040);
  });

  test('a unit is as likely to fail as any of its tests is, and one red run is forgotten after nine green ones', () => {
    const rates = new Map([
      ['red', 1],
      ['half', 0.5],
      ['old', 0.3 * 0.7 ** 9],
    ]);
    const of = (...testIds: string[]) => likelihoods([{ testIds }], rates)[0];
    expect(of('red', 'half')).toBe(1);
    expect(of('half', 'half')).toBeCloseTo(0.75);
    expect(of('half', 'unknown')).toBeCloseTo(0.5);
    expect(of('old')).toBe(0);
    expect(of('unknown')).toBe(0);
  });

  test('there is one share per slot, and none shorter than what starting it costs', () => {
    const list = Array.from({ length: 400 }, (_, no) => ({ no, expectedMs: 1000, needs: '', cpus: 0, memoryBytes: 0 }));
    expect(cutTasks(list, 4, 3_000).map((task) => task.expectedMs)).toEqual([100_000, 100_000, 100_000, 100_000]);
    expect(cutTasks(list.slice(0, 7), 4, 3_000)).toHaveLength(2);
    expect(cutTasks(list.slice(0, 1), 4, 3_000)).toHaveLength(1);
  });

  test('slots are divided among the sets of browsers as their work is', () => {
    const list = Array.from({ length: 400 }, (_, no) => ({
      no,
      expectedMs: 1000,
      needs: no < 100 ? '' : 'chromium',
      cpus: 0,
      memoryBytes: 0,
    }));
    const tasks = cutTasks(list, 4, 3_000);
    expect(tasks.map((task) => task.needs).toSorted()).toEqual(['', 'chromium', 'chromium', 'chromium']);
  });

  test('shares are as even as longest-first makes them: at most one unit above the mean', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 100, max: 5_000 }), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 16 }),
        (durations, slots) => {
          const list = durations.map((expectedMs, no) => ({ no, expectedMs, needs: '', cpus: 0, memoryBytes: 0 }));
          const tasks = cutTasks(list, slots, 0);
          const mean = durations.reduce((a, b) => a + b, 0) / Math.min(slots, durations.length);
          expect(tasks.length).toBeLessThanOrEqual(slots);
          expect(Math.max(...tasks.map((task) => task.expectedMs))).toBeLessThanOrEqual(mean + Math.max(...durations));
        },
      ),
    );
  });
});

const foreseen = (id: string, over: Partial<ForeseenTest> = {}): ForeseenTest => ({
  id,
  project: 'p',
  file: 'a',
  line: 1,
  titlePath: [id],
  timeout: 30_000,
  ...over,
});

test('a test that is known in another project is expected to take as long in this one', () => {
  const tests = [
    foreseen('desktop', { titlePath: ['pays'] }),
    foreseen('mobile', { titlePath: ['pays'], project: 'phone' }),
    foreseen('other', { line: 2 }),
  ];
  const found = expectDurations(tests, {
    byTest: new Map([
      ['desktop', 9_000],
      ['other', 1_000],
    ]),
  });
  expect(found.get('mobile')).toBe(9_000);
});

test('of tests that nobody has run yet, longer ones and those with more time are expected to take longer, within bounds', () => {
  const tests = [
    foreseen('short', { line: 1 }),
    foreseen('usual', { line: 3 }),
    foreseen('also usual', { line: 13 }),
    foreseen('long', { line: 23 }),
    foreseen('last', { line: 1_000 }),
    foreseen('patient', { file: 'b', timeout: 120_000 }),
  ];
  const found = expectDurations(tests, { byTest: new Map() });
  const order = ['short', 'usual', 'long'].map((id) => found.get(id) ?? 0);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(found.get('usual')).toBe(UNKNOWN_TEST_MS);
  expect(found.get('last')).toBe(UNKNOWN_TEST_MS);
  expect(found.get('patient')).toBe(2 * UNKNOWN_TEST_MS);
  expect(found.get('long')).toBe(3 * UNKNOWN_TEST_MS);
  expect(found.get('short')).toBeGreaterThanOrEqual(UNKNOWN_TEST_MS / 3);
});

test('what stands for a test is weighed by its code: a short test of a file of long ones takes less than they do', () => {
  const tests = [
    foreseen('long', { line: 1 }),
    foreseen('short', { line: 41 }),
    foreseen('third', { line: 51 }),
    foreseen('end', { line: 61 }),
  ];
  const found = expectDurations(tests, { byTest: new Map([['long', 8_000]]) });
  expect(found.get('short')).toBe(4_000);
});

test('a test without history is expected to take what its file takes, else the suite, else a second', () => {
  const tests = [foreseen('known', { line: 1 }), foreseen('sibling', { line: 2 }), foreseen('stranger', { file: 'b' })];
  const found = expectDurations(tests, { byTest: new Map([['known', 4000]]) });
  expect(Object.fromEntries(found)).toEqual({ known: 4000, sibling: 4000, stranger: 4000 });
  const unknown = expectDurations(tests, { byTest: new Map() });
  expect([...unknown.values()]).toEqual([UNKNOWN_TEST_MS, UNKNOWN_TEST_MS, UNKNOWN_TEST_MS]);
});

test('a project needs the browsers of its setup too, also through circles of names', () => {
  const project = (name: string, browser: 'chromium' | 'firefox' | null, dependencies: string[]) => ({
    name,
    dependencies,
    teardown: null,
    supporting: false,
    browser,
    channel: null,
  });
  const needs = projectNeeds([
    project('setup', 'chromium', ['fx']),
    project('fx', 'firefox', ['setup']),
    project('api', null, []),
  ]);
  expect(Object.fromEntries(needs)).toEqual({ setup: 'chromium,firefox', fx: 'chromium,firefox', api: '' });
  expect(hasBrowsers('chromium,firefox', new Set(['chromium']))).toBe(false);
  expect(hasBrowsers('', new Set())).toBe(true);
});

test('figures say nothing where there is nothing to measure', () => {
  expect(percent(0, 0)).toBe(0);
  expect(percent(1, 3)).toBe(33.3);
  expect(
    successRate({ tests_total: 3, tests_settled: 1, expected: 0, unexpected: 0, flaky: 0, skipped: 1 }),
  ).toBeNull();
  expect(durationFigures([])).toBeNull();
  expect(durationFigures([5, 1, 2, 3, 4])).toEqual({ mean_ms: 3, p50_ms: 3, p95_ms: 5, p99_ms: 5 });
});
