import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FleetEvent } from '../../../shared/protocol/events.ts';
import { afterEvents, afterGap, emptyMirror, positionOf, withRuns } from '../../../src-renderer/fleet/mirror.ts';
import { outdatedBy } from '../../../src-renderer/fleet/outdated.ts';
import { listed, matches } from '../../../src-renderer/fleet/run-filter.ts';
import { runAfter } from '../../../src-renderer/fleet/run-row.ts';
import { EPOCH, event, runRow, settled } from './events.ts';

const grant = { attempt: 1, fence: 1 };
const STORY: FleetEvent[] = [
  event(1, 'run.created', { number: 1, name: 'Nightly', kind: 'queue', total_shards: 0, created_by: 'ada' }),
  event(2, 'run.state', { from: 'pending', to: 'scheduling', reason: null, outcome: null }),
  event(3, 'run.planned', { tests_total: 4, tasks_total: 2 }),
  event(4, 'run.state', { from: 'scheduling', to: 'running', reason: null, outcome: null }),
  event(5, 'results', { settled: [settled('a', 'expected'), settled('b', 'expected')] }),
  event(6, 'results', { settled: [settled('c', 'flaky'), settled('b', 'unexpected', 'expected')] }),
  event(7, 'task.finished', { ...grant, state: 'completed', reason: null, ended: null }),
  event(8, 'results', { settled: [settled('d', 'skipped')] }),
  event(9, 'task.finished', { ...grant, state: 'completed', reason: null, ended: null }, { task_id: 't2' }),
  event(10, 'run.state', { from: 'running', to: 'completed', reason: null, outcome: 'failed' }),
  event(11, 'report.state', { state: 'ready', message: null }),
];
const none = () => false;
const END = STORY.reduce((run, next) => runAfter(run, next, none), runRow());
const at = (seq: number) => ({ epoch: EPOCH, seq });
const snapshot = (seq: number) =>
  STORY.filter((one) => one.seq <= seq).reduce((run, next) => runAfter(run, next, none), runRow());

test('a run follows its events to the verdict', () => {
  expect(END).toMatchObject({
    status: 'completed',
    outcome: 'failed',
    tests: { total: 4, settled: 4, expected: 1, unexpected: 1, flaky: 1, skipped: 1, passed: 2, failed: 1 },
    tasks: { total: 2, finished: 2 },
    progress: 100,
    duration_ms: 8_000,
    report: { state: 'ready' },
  });
  expect(END.success_rate).toBeCloseTo(2 / 3);
});

test('however reading and events overlap, nothing is missed and nothing counted twice', () => {
  fc.assert(
    fc.property(fc.nat(11), fc.nat(11), fc.array(fc.nat(11)), (read, arrives, cuts) => {
      // The answer was made after event `read`, and came when the events up to `arrives` were there.
      const made = Math.min(read, arrives);
      const before = STORY.filter(({ seq }) => seq <= arrives);
      const after = STORY.filter(({ seq }) => seq > arrives);
      let mirror = afterEvents(emptyMirror, before);
      mirror = withRuns(mirror, [snapshot(made)], at(made));
      const edges = [0, ...cuts.filter((cut) => cut <= after.length).sort((a, b) => a - b), after.length];
      for (const [index, end] of edges.slice(1).entries()) mirror = afterEvents(mirror, after.slice(edges[index], end));
      expect(mirror.runs.get('r1')?.value).toEqual(END);
    }),
  );
});

test('an older answer that comes late changes nothing', () => {
  let mirror = withRuns(afterEvents(emptyMirror, STORY), [snapshot(4)], at(4));
  mirror = withRuns(mirror, [snapshot(2)], at(2));
  expect(mirror.runs.get('r1')?.value).toEqual(END);
});

test('after a gap the next answer counts, though its events were not heard', () => {
  let mirror = withRuns(afterEvents(emptyMirror, STORY.slice(0, 5)), [snapshot(3)], at(3));
  mirror = withRuns(afterGap(mirror), [snapshot(11)], at(11));
  expect(mirror.runs.get('r1')?.value).toEqual(END);
});

test('finished races do not count as tasks of the run', () => {
  const race = event(
    5,
    'task.granted',
    {
      ...grant,
      worker: 'w',
      kind: 'units',
      slots: 1,
      shard_index: null,
      tests: 1,
      needs: '',
      race_of: 't1',
      cpus: 0,
      memory_bytes: 0,
    },
    { task_id: 'race' },
  );
  const end = event(
    6,
    'task.finished',
    { ...grant, state: 'completed', reason: null, ended: null },
    { task_id: 'race' },
  );
  const mirror = afterEvents(withRuns(emptyMirror, [snapshot(4)], at(4)), [race, end]);
  expect(mirror.runs.get('r1')?.value.tasks).toEqual({ total: 2, finished: 0 });
});

test('what does not change stays the same object, so that nobody draws it again', () => {
  const mirror = withRuns(emptyMirror, [runRow()], at(0));
  const after = afterEvents(mirror, [event(1, 'run.planned', { tests_total: 1, tasks_total: 1 }, { run_id: 'other' })]);
  expect(after.runs).toBe(mirror.runs);
});

test('a list holds what matches, newest first, as far down as it was read', () => {
  const runs = [1, 5, 3, 4].map((number) =>
    runRow({
      id: `r${number}`,
      number,
      created_at: `2026-01-0${number}T00:00:00.000Z`,
      name: number === 4 ? 'Smoke' : 'Nightly 100%',
    }),
  );
  expect(listed(runs, { search: 'nightly' }, '2026-01-02').map(({ number }) => number)).toEqual([5, 3]);
  expect(matches(runRow({ outcome: 'failed' }), { outcome: 'passed' })).toBe(false);
  expect(matches(runRow(), { tag: 'nightly', project: 'shop', status: 'pending' })).toBe(true);
  expect(matches(runRow(), { tag: 'night' })).toBe(false);
});

test('events name what is to be read again, each once', () => {
  const keys = outdatedBy([...STORY, ...STORY], new Map());
  expect(keys).toEqual([['newest-runs'], ['projects'], ['unknown-run', 'r1'], ['run', 'r1']]);
  expect(outdatedBy(STORY, new Map([['r1', 1]]))).not.toContainEqual(['unknown-run', 'r1']);
});

test('positions are read as they are written', () => {
  expect(positionOf('12.a.b')).toEqual({ epoch: 'a.b', seq: 12 });
  expect(positionOf('x')).toBeNull();
  expect(positionOf(null)).toBeNull();
});
