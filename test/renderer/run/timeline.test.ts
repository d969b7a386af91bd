import { expect, test } from 'vitest';
import type { Timeline, TimelineAttempt, TimelineGrant } from '../../../shared/protocol/rest/timeline.ts';
import { layOut } from '../../../src-renderer/run/timeline/lay-out.ts';
import { panned, ticks, zoomed } from '../../../src-renderer/run/timeline/window.ts';

const grant = (fence: number, over: Partial<TimelineGrant> = {}): TimelineGrant => ({
  fence,
  task_id: `t${fence}`,
  attempt: 1,
  kind: 'units',
  race_of: null,
  from: 1_000,
  to: 5_000,
  wall_ms: 3_000,
  ended: 'completed',
  reason: null,
  ...over,
});
const attempt = (fence: number, from: number, ms: number, over: Partial<TimelineAttempt> = {}): TimelineAttempt => ({
  id: from,
  test_id: `test-${from}`,
  fence,
  retry: 0,
  status: 'passed',
  counted: true,
  started_at: from,
  duration_ms: ms,
  ...over,
});
const timeline = (...lanes: TimelineGrant[][]): Timeline => ({
  test_run_id: 'run',
  status: 'completed',
  at: 9_000,
  span: { from: 1_000, to: 5_000 },
  workers: [{ worker_id: 'w', worker: 'mac', offline: [], lanes: lanes.map((grants) => ({ grants, other_runs: [] })) }],
  steals: [],
});
const places = (lanes: ReturnType<typeof layOut>) =>
  lanes.map((lane) => lane.bars.map(({ from, to, part, parts }) => [from, to, part, parts]));

test('each attempt is one bar on the lane of its grant, in order of time', () => {
  const lanes = layOut(timeline([grant(1)], [grant(2)]), [
    attempt(1, 3_000, 500),
    attempt(1, 2_000, 900),
    attempt(2, 2_000, 100),
  ]);
  expect(places(lanes)).toEqual([
    [
      [2_000, 2_900, 0, 1],
      [3_000, 3_500, 0, 1],
    ],
    [[2_000, 2_100, 0, 1]],
  ]);
  expect(lanes.map(({ slot }) => slot)).toEqual([1, 2]);
});

test('what ran at once in one slot lies side by side; a grant of two slots fills both', () => {
  const both = [attempt(1, 2_000, 900), attempt(1, 2_100, 900)];
  expect(places(layOut(timeline([grant(1)]), both))).toEqual([
    [
      [2_000, 2_900, 0, 2],
      [2_100, 3_000, 1, 2],
    ],
  ]);
  expect(places(layOut(timeline([grant(1)], [grant(1)]), both))).toEqual([
    [[2_000, 2_900, 0, 1]],
    [[2_100, 3_000, 0, 1]],
  ]);
});

test('a machine whose clock is wrong shows its tests within their grant all the same', () => {
  expect(places(layOut(timeline([grant(1)]), [attempt(1, 200, 100), attempt(1, 500, 100)]))).toEqual([
    [
      [1_000, 1_100, 0, 1],
      [1_300, 1_400, 0, 1],
    ],
  ]);
  expect(places(layOut(timeline([grant(1)]), [attempt(1, 60_000, 100)]))).toEqual([[[4_900, 5_000, 0, 1]]]);
});

const whole = { from: 0, to: 1_000 };

test('zooming keeps what is pointed at in its place, and never shows more than there is', () => {
  expect(zoomed(whole, whole, 0.5, 500)).toEqual({ from: 250, to: 750 });
  expect(zoomed({ from: 250, to: 750 }, whole, 0.5, 250)).toEqual({ from: 250, to: 500 });
  expect(zoomed({ from: 250, to: 750 }, whole, 10, 250)).toEqual(whole);
});

test('moving stops at both ends', () => {
  expect(panned({ from: 250, to: 750 }, whole, 0.25)).toEqual({ from: 375, to: 875 });
  expect(panned({ from: 250, to: 750 }, whole, 9)).toEqual({ from: 500, to: 1_000 });
  expect(panned({ from: 250, to: 750 }, whole, -9)).toEqual({ from: 0, to: 500 });
});

test('marks stand at round times', () => {
  expect(ticks({ from: 100, to: 1_100 }, 100, 5)).toEqual([0, 200, 400, 600, 800, 1_000]);
  expect(ticks({ from: 0, to: 600_000 }, 0, 6)).toEqual([0, 120_000, 240_000, 360_000, 480_000, 600_000]);
});
