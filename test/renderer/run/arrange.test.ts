import { expect, test } from 'vitest';
import { arrange, type Line } from '../../../src-renderer/run/tests/arrange.ts';
import { failed, row } from './support.ts';

const none: ReadonlySet<string> = new Set();
const shown = (lines: readonly Line[]) =>
  lines.map((line) => (line.type === 'head' ? `${line.title} (${line.rows.length})` : `  ${line.row.id}`));

const one = failed('one', 'Error: expect 3 got 4', { line: 3 });
const two = failed('two', 'Error: expect 7 got 9', { line: 2 });
const other = failed('other', 'TypeError: x is not a function');
const wobbly = row('wobbly', { outcome: 'flaky', error: 'Error: expect 3 got 4', attempts: 2 });
const good = row('good', { outcome: 'expected', duration_ms: 50, file: 'a.spec.ts' });
const slow = row('slow', { outcome: 'expected', duration_ms: 900, file: 'b.spec.ts' });
const busy = { ...row('busy'), since: 1 };
const open = row('open');
const rows = [good, open, one, busy, slow, wobbly, two, other];

test('failures come first, the same errors together, the largest group first, then what runs, waits, passed', () => {
  const lines = arrange(rows, { group: 'cluster', sort: 'status', closed: none });
  expect(shown(lines)).toEqual([
    expect.stringMatching(/^Error: expect # got # \(2\)/),
    '  two',
    '  one',
    expect.stringMatching(/^TypeError: x is not a function \(1\)/),
    '  other',
    expect.stringMatching(/^Error: expect # got # \(1\)/),
    '  wobbly',
    'running (1)',
    '  busy',
    'open (1)',
    '  open',
    'expected (2)',
    '  good',
    '  slow',
  ]);
});

test('of a closed group only its head is shown', () => {
  const lines = arrange(rows, { group: 'cluster', sort: 'status', closed: new Set(['expected']) });
  expect(shown(lines).slice(-2)).toEqual(['  open', 'expected (2)']);
});

test('files and projects with failures come first, with their counts', () => {
  const lines = arrange(rows, { group: 'file', sort: 'suite', closed: new Set(['file a.spec.ts', 'file b.spec.ts']) });
  const heads = lines.filter((line) => line.type === 'head');
  expect(heads.map(({ title }) => title)).toEqual(['cart.spec.ts', 'a.spec.ts', 'b.spec.ts']);
  expect(heads[0]!.counts).toEqual({ unexpected: 3, flaky: 1, running: 1, open: 1, expected: 0, skipped: 0 });
  expect(arrange(rows, { group: 'project', sort: 'suite', closed: none })).toHaveLength(9);
});

test('without groups the sorting holds over all tests', () => {
  const by = (sort: 'duration' | 'name' | 'status') =>
    shown(arrange([good, slow, one], { group: 'none', sort, closed: none })).map((line) => line.trim());
  expect(by('duration')).toEqual(['slow', 'good', 'one']);
  expect(by('name')).toEqual(['good', 'one', 'slow']);
  expect(by('status')).toEqual(['one', 'good', 'slow']);
});
