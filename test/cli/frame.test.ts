import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyView, reduceRun, type RunView } from '../../shared/model/run-view.ts';
import { figuresOf, type Figures } from '../../src-main/cli/run/figures.ts';
import { frameOf, wrapped } from '../../src-main/cli/run/frame.ts';
import { summaryLines, type Summary } from '../../src-main/cli/run/summary.ts';
import { makeStyle } from '../../src-main/cli/terminal/style.ts';
import { widthOf } from '../../src-main/cli/terminal/width.ts';
import { eventLog, RUN } from '../shared/model/event-log.ts';
import { settledTest } from './support/coordinator-double.ts';

const plain = makeStyle({ colour: false, unicode: true });
const colourful = makeStyle({ colour: true, unicode: true });
const viewOf = (choices: readonly number[]): RunView => eventLog(choices).reduce(reduceRun, emptyView(RUN));

const FIGURES: Figures = {
  state: 'running',
  reason: null,
  outcome: null,
  total: 250,
  settled: 120,
  passed: 110,
  failed: 4,
  flaky: 2,
  skipped: 4,
  elapsedMs: 62_000,
  remainingMs: 67_000,
};

const busy: RunView = {
  ...emptyView(RUN),
  state: 'running',
  workers: {
    w1: { name: 'mac-mini', online: true, intent: 'active', slots: 4, took_part: true, settled: 100 },
    w2: { name: 'linux-box', online: false, intent: 'active', slots: 2, took_part: true, settled: 20 },
    w3: { name: 'never-used', online: true, intent: 'active', slots: 2, took_part: false, settled: 0 },
  },
  held: {
    t1: {
      worker_id: 'w1',
      attempt: 1,
      slots: 1,
      kind: 'units',
      shard_index: null,
      is_race: false,
      state: 'running',
      granted_at: 0,
      tests: 10,
      settled: 2,
      running: [{ test_id: 'x', title: 'cart › adds two \x1b[2Jitems', retry: 1, since: 58_000 }],
    },
    t2: {
      worker_id: 'w1',
      attempt: 1,
      slots: 1,
      kind: 'shard',
      shard_index: 3,
      is_race: false,
      state: 'assigned',
      granted_at: 55_000,
      tests: 0,
      settled: 0,
      running: [],
    },
  },
};

test('the live view shows state, counts with signs, and what every slot runs', () => {
  const input = {
    view: busy,
    figures: FIGURES,
    now: 62_000,
    trouble: null,
    cancelling: false,
    name: 'nightly',
    number: 42,
  };
  expect(frameOf(input, plain, 80, 24)).toEqual([
    '◌ Run #42 nightly  running  1:02, about 1:07 left',
    '███████████████████░░░░░░░░░░░░░░░░░░░░░ 48 %  120 of 250 tests',
    '✓ 110 passed  ✕ 4 failed  ▲ 2 flaky  – 4 skipped',
    'mac-mini  2 of 4 slots  100 tests done',
    '  ◌ 0:04 cart › adds two items (retry 1)',
    '  ◌ 0:07 preparing for shard 3',
    'linux-box  ✕ offline  20 tests done',
  ]);
});

test('a run that waits says why, and a lost stream is said', () => {
  const reason =
    'No worker has firefox. Install it on one (npx playwright install firefox), or run with --project chromium';
  const figures = {
    ...FIGURES,
    state: 'pending' as const,
    reason,
    total: 0,
    settled: 0,
    elapsedMs: null,
    remainingMs: null,
  };
  const input = {
    view: emptyView(RUN),
    figures,
    now: 0,
    trouble: 'the coordinator restarts',
    cancelling: true,
    name: 'n',
    number: 1,
  };
  const lines = frameOf(input, plain, 80, 24);
  expect(lines.join(' ')).toContain(reason);
  expect(lines).toContain('Cancelling the run. Ctrl-C again leaves at once.');
  expect(lines).toContain('No live view at the moment: the coordinator restarts');
  expect(lines[1]).toMatch(/number of tests not known yet$/);
});

test('no frame is wider or taller than the terminal, whatever the names', () => {
  const nasty = fc.string({ unit: 'grapheme', maxLength: 120 });
  fc.assert(
    fc.property(
      fc.array(fc.nat(10_000), { maxLength: 60 }),
      nasty,
      fc.integer({ min: 20, max: 200 }),
      fc.integer({ min: 5, max: 60 }),
      (choices, name, columns, rows) => {
        const base = viewOf(choices);
        const workers = Object.fromEntries(Object.entries(base.workers).map(([id, one]) => [id, { ...one, name }]));
        const held = Object.fromEntries(
          Object.entries(base.held).map(([id, task]) => [
            id,
            { ...task, running: task.running.map((one) => ({ ...one, title: name })) },
          ]),
        );
        const view = { ...base, workers, held };
        const figures = figuresOf({ view, polled: null, trouble: null }, 5000);
        const input = {
          view,
          figures: { ...figures, reason: name },
          now: 5000,
          trouble: name,
          cancelling: true,
          name,
          number: 1,
        };
        const lines = frameOf(input, colourful, columns, rows);
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

test('more running tests than rows are counted instead of shown', () => {
  const running = Array.from({ length: 30 }, (_, i) => ({ test_id: `${i}`, title: `test ${i}`, retry: 0, since: 0 }));
  const view = { ...busy, held: { t1: { ...busy.held['t1']!, running } } };
  const lines = frameOf(
    { view, figures: FIGURES, now: 0, trouble: null, cancelling: false, name: 'n', number: 1 },
    plain,
    80,
    10,
  );
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toBe('… in all 30 tests running on 2 workers');
});

test('the time left is guessed only once enough is known, and not for a run that has ended', () => {
  const view = { ...emptyView(RUN), started_at: 0, tests_total: 100 };
  const at = (settled: number, more: Partial<RunView> = {}) =>
    figuresOf(
      { view: { ...view, counts: { ...view.counts, expected: settled }, ...more }, polled: null, trouble: null },
      10_000,
    );
  expect(at(9).remainingMs).toBeNull();
  expect(at(20).remainingMs).toBe(40_000);
  expect(at(20, { state: 'cancelled', completed_at: 7000 })).toMatchObject({ remainingMs: null, elapsedMs: 7000 });
});

const SUMMARY: Summary = {
  name: 'nightly',
  number: 42,
  figures: {
    ...FIGURES,
    state: 'completed',
    outcome: 'failed',
    settled: 250,
    passed: 244,
    failed: 2,
    remainingMs: null,
  },
  failures: [
    settledTest('cart › adds an item', { outcome: 'unexpected', attempts: 3 }),
    settledTest('second', { outcome: 'unexpected' }),
  ],
  errors: new Map([
    [
      'id of cart › adds an item',
      [
        {
          message: '\x1b[31mError: expect(received)\x1b[39m\n\x1b]0;x\x07Expected: 1',
          snippet: '  10 | test\n> 11 | expect(a)',
          location: { file: '/s/tests/shop.spec.ts', line: 11, column: 5 },
        },
      ],
    ],
  ]),
  flaky: [settledTest('wobbles', { outcome: 'flaky', attempts: 2 })],
  slowest: [settledTest('slow', { duration_ms: 61_000 })],
  runErrors: [],
  workers: 2,
  links: { report: 'http://c/report', api: 'http://c/api', archive: 'http://c/zip' },
  reportTrouble: null,
};

test('the end lists every failure with error, snippet and place, then flaky, slowest, totals and addresses', () => {
  const text = summaryLines(SUMMARY, plain, 80).join('\n');
  expect(text).toBe(`
  1) [chromium] tests/shop.spec.ts:12 › cart › adds an item ────────────────────
     failed 3 times

     Error: expect(received)
     Expected: 1

       10 | test
     > 11 | expect(a)
       at /s/tests/shop.spec.ts:11:5

  2) [chromium] tests/shop.spec.ts:12 › second ─────────────────────────────────

     Error: expect(received).toBe(expected)

▲ Flaky: passed, but not at once
    [chromium] tests/shop.spec.ts:12 › wobbles  2 attempts

Slowest
      1:01  [chromium] tests/shop.spec.ts:12 › slow

✕ Run #42 nightly failed in 1:02 on 2 workers
  ✓ 244 passed  ✕ 2 failed  ▲ 2 flaky  – 4 skipped
  Report   http://c/report
  API      http://c/api
  Archive  http://c/zip`);
});

test('a run that could not be carried out says so, with what did not run and why there is no report', () => {
  const figures = {
    ...SUMMARY.figures,
    state: 'failed' as const,
    outcome: null,
    settled: 10,
    total: 250,
    reason: 'the disk is full',
  };
  const lines = summaryLines(
    {
      ...SUMMARY,
      figures,
      failures: [],
      flaky: [],
      slowest: [],
      links: { ...SUMMARY.links, report: null },
      reportTrouble: 'no blob arrived',
    },
    plain,
    80,
  ).join('\n');
  expect(lines).toContain('✕ Run #42 nightly could not be carried out');
  expect(lines).toContain('the disk is full');
  expect(lines).toContain('240 tests did not run');
  expect(lines).toContain('Report   no blob arrived');
  expect(lines).not.toContain('Archive');
});

test('with many failures the first are shown whole, others by name, the rest as a number', () => {
  const failures = Array.from({ length: 300 }, (_, i) => settledTest(`test ${i}`, { outcome: 'unexpected' }));
  const lines = summaryLines({ ...SUMMARY, failures, errors: new Map() }, plain, 80);
  expect(lines.filter((line) => /^ +\d+\) /.test(line))).toHaveLength(20);
  expect(lines.filter((line) => line.startsWith('  ✕ '))).toHaveLength(180);
  expect(lines).toContain('  … and 100 more failures: see the report');
});

test('text is broken at spaces', () => {
  expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapped('averylongword x', 5)).toEqual(['averylongword', 'x']);
});
