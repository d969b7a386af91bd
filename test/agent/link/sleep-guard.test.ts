import { expect, test } from 'vitest';
import { SleepGuard } from '../../../src-main/agent/link/sleep-guard.ts';

function rig() {
  const time = { wall: 1_000_000, monotonic: 0 };
  const wakes: number[] = [];
  const clock = { now: () => time.wall, monotonic: () => time.monotonic, after: () => () => undefined };
  const guard = new SleepGuard(clock, (ms) => wakes.push(ms));
  const pass = (wall: number, monotonic = wall): boolean => {
    time.wall += wall;
    time.monotonic += monotonic;
    return guard.check();
  };
  return { pass, wakes };
}

test('beats that are a little late are no sleep', () => {
  const { pass, wakes } = rig();
  for (const ms of [1000, 1000, 4900, 30, 1000]) expect(pass(ms)).toBe(false);
  expect(wakes).toEqual([]);
});

test('a stopped process, a machine whose monotonic clock sleeps too, and one whose wall clock is set, all count, once each', () => {
  const { pass, wakes } = rig();
  expect(pass(60_000)).toBe(true);
  expect(pass(1)).toBe(false);
  expect(pass(3_600_000, 800)).toBe(true);
  expect(pass(-86_400_000, 1000)).toBe(false);
  expect(pass(86_400_000, 1000)).toBe(true);
  expect(wakes).toEqual([60_000, 3_600_000, 86_400_000]);
});
