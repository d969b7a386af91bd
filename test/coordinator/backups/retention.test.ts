import { expect, test } from 'vitest';
import { fenceBehindAll } from '../../../coordinator/backups/rules/fences.ts';
import { superfluous } from '../../../coordinator/backups/rules/retention.ts';

const DAY = 86_400_000;
const start = Date.parse('2026-11-21T12:00:00Z');
const daily = (days: number) => Array.from({ length: days }, (_, i) => ({ name: `d${i}`, takenAt: start - i * DAY }));

test('the last one of each day and of each week stays', () => {
  const gone = superfluous(daily(40), { daily: 3, weekly: 3, zone: 'UTC' });
  // 21 November 2026 is a Saturday: weeks end on the 22nd, the 15th and the 8th.
  expect(
    daily(40)
      .filter(({ name }) => !gone.includes(name))
      .map(({ name }) => name),
  ).toEqual(['d0', 'd1', 'd2', 'd6', 'd13']);
});

test('of several in a day the last stays, and the newest always', () => {
  const noon = { name: 'noon', takenAt: start };
  const evening = { name: 'evening', takenAt: start + 6 * 3_600_000 };
  expect(superfluous([noon, evening], { daily: 5, weekly: 5, zone: 'UTC' })).toEqual(['noon']);
  // The next day has begun there.
  expect(superfluous([noon, evening], { daily: 5, weekly: 0, zone: 'Asia/Tokyo' })).toEqual([]);
  expect(superfluous([noon], { daily: 1, weekly: 0, zone: 'UTC' })).toEqual([]);
});

test('a machine that was off keeps what it had: only days with a backup count', () => {
  const old = daily(5).map(({ name, takenAt }) => ({ name, takenAt: takenAt - 300 * DAY }));
  expect(superfluous([{ name: 'today', takenAt: start }, ...old], { daily: 6, weekly: 0, zone: 'UTC' })).toEqual([]);
});

test('after a restore, grants are numbered behind all that may have been given, also by a restore before', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  expect(fenceBehindAll(5_000, now, false)).toBe(now);
  expect(fenceBehindAll(now + 10, now, false)).toBe(now + 10 + 1_000_000);
  // 500 grants a second for a day, and the same backup again.
  const used = fenceBehindAll(5_000, now, false) + 500 * 86_400;
  expect(fenceBehindAll(5_000, now + DAY, false)).toBeGreaterThan(used);
  // What promoted ones bring home is numbered below 2^32.
  expect(fenceBehindAll(5_000, now, true)).toBeLessThan(2 ** 32);
});
