import { expect, test } from 'vitest';
import { SleepGuard } from '../../../src-main/agent/link/sleep-guard.ts';

function rig() {
  const time = { wall: 1_000_000, monotonic: 0, up: 500 };
  const wakes: number[] = [];
  const sleeps: number[] = [];
  const clock = { now: () => time.wall, monotonic: () => time.monotonic, after: () => () => undefined };
  const onWake = (ms: number, slept: number): void => {
    wakes.push(ms);
    sleeps.push(slept);
  };
  const guard = new SleepGuard(clock, onWake, () => Math.floor(time.up));
  const pass = (wall: number, monotonic = wall, up = monotonic): boolean => {
    time.wall += wall;
    time.monotonic += monotonic;
    time.up += up / 1000;
    return guard.check();
  };
  return { pass, wakes, sleeps };
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

test('sleep is told apart from a process that was stopped and from a clock that was set, so that leases count it and it alone', () => {
  const { pass, sleeps } = rig();
  pass(3_600_000);
  pass(3_600_000, 800);
  expect(sleeps).toEqual([0, 0]);
  // The lid was closed for an hour: the monotonic clock stood still, the uptime did not.
  pass(3_600_000, 800, 3_600_000);
  expect(sleeps[2]).toBeGreaterThan(3_597_000);
  expect(sleeps[2]).toBeLessThan(3_601_000);
  pass(10_000);
  expect(sleeps[3]).toBe(0);
});
