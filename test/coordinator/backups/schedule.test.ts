import { expect, test } from 'vitest';
import { lastDue, nextDue, type Schedule } from '../../../coordinator/backups/rules/schedule.ts';
import { isDue, RETRY_MS, warningsOf, type Tried } from '../../../coordinator/backups/rules/standing.ts';

const at = (text: string): number => Date.parse(text);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
const berlin: Schedule = { every: 'daily', time: '03:00', weekday: 'sunday', zone: 'Europe/Berlin' };

test('a daily backup is due at its time on the clock on the wall there, summer and winter', () => {
  expect(iso(lastDue(berlin, at('2026-07-10T00:59:59Z')))).toBe('2026-07-09T01:00:00.000Z');
  expect(iso(lastDue(berlin, at('2026-07-10T01:00:00Z')))).toBe('2026-07-10T01:00:00.000Z');
  expect(iso(nextDue(berlin, at('2026-07-10T01:00:00Z')))).toBe('2026-07-11T01:00:00.000Z');
  expect(iso(lastDue(berlin, at('2026-12-10T02:30:00Z')))).toBe('2026-12-10T02:00:00.000Z');
});

test('a time that the clocks skip or repeat comes once', () => {
  const skipped = { ...berlin, time: '02:30' };
  expect(iso(lastDue(skipped, at('2026-03-29T20:00:00Z')))).toBe('2026-03-29T01:30:00.000Z');
  expect(iso(lastDue(skipped, at('2026-10-25T20:00:00Z')))).toBe('2026-10-25T00:30:00.000Z');
  for (const [from, days] of [['2026-03-25T00:00:00Z', 8] as const, ['2026-10-20T00:00:00Z', 10] as const]) {
    const moments = new Set<number>();
    for (let hour = 0; hour < days * 24; hour++) moments.add(nextDue(skipped, at(from) + hour * 3_600_000) ?? 0);
    expect(
      [...moments].sort((a, b) => a - b).map((one, i, all) => i === 0 || one - (all[i - 1] ?? 0) >= 22 * 3_600_000),
    ).not.toContain(false);
    expect(moments.size).toBeGreaterThanOrEqual(days);
  }
});

test('29 February has one too, and a weekly one comes on its day', () => {
  expect(iso(nextDue({ ...berlin, zone: 'UTC' }, at('2028-02-28T12:00:00Z')))).toBe('2028-02-29T03:00:00.000Z');
  const weekly: Schedule = { ...berlin, every: 'weekly', weekday: 'wednesday', zone: 'UTC' };
  expect(iso(lastDue(weekly, at('2026-11-21T12:00:00Z')))).toBe('2026-11-18T03:00:00.000Z');
  expect(iso(lastDue(weekly, at('2026-11-17T12:00:00Z')))).toBe('2026-11-11T03:00:00.000Z');
  expect(iso(nextDue(weekly, at('2026-11-18T03:00:00Z')))).toBe('2026-11-25T03:00:00.000Z');
  expect(nextDue({ ...weekly, every: 'off' }, 0)).toBeNull();
});

test('one that was missed is made up for once, one that failed is tried again after an hour', () => {
  const now = at('2026-11-21T12:00:00Z');
  const due = at('2026-11-21T02:00:00Z');
  expect(isDue(berlin, [], now)).toBe(true);
  expect(isDue({ ...berlin, every: 'off' }, [], now)).toBe(false);
  expect(isDue(berlin, [{ state: 'done', startedAt: due - 1, detail: null }], now)).toBe(true);
  expect(isDue(berlin, [{ state: 'done', startedAt: due, detail: null }], now)).toBe(false);
  expect(isDue(berlin, [{ state: 'running', startedAt: now, detail: null }], now)).toBe(false);
  expect(isDue(berlin, [{ state: 'failed', startedAt: now - RETRY_MS + 1, detail: null }], now)).toBe(false);
  expect(isDue(berlin, [{ state: 'failed', startedAt: now - RETRY_MS, detail: null }], now)).toBe(true);
  expect(
    isDue(
      berlin,
      [
        { state: 'failed', startedAt: now, detail: null },
        { state: 'done', startedAt: due + 1, detail: null },
      ],
      now,
    ),
  ).toBe(false);
});

test('a failure and an old backup are told, and nothing where all is well; only admins are told why', () => {
  const now = at('2026-11-21T12:00:00Z');
  const done = { state: 'done' as const, startedAt: now - 1000, detail: null };
  const failed = { state: 'failed' as const, startedAt: now, detail: 'The folder /mnt/backups is full.' };
  const told = (tried: Tried[], lastGoodAt: number | null, readers: 'everybody' | 'admins' = 'everybody') =>
    warningsOf(berlin, { tried, lastGoodAt }, readers, now);
  expect(told([done], now - 1000)).toEqual([]);
  expect(told([], null)).toEqual([]);
  expect(told([failed, done], now - 1000)).toEqual([
    'The last backup failed (2026-11-21T12:00Z): an admin sees why in Settings, Backups.',
  ]);
  expect(told([failed, done], now - 1000, 'admins')).toEqual([
    'The last backup failed (2026-11-21T12:00Z): The folder /mnt/backups is full.',
  ]);
  expect(told([], now - 3 * 86_400_000)).toEqual([
    'The last good backup is from 2026-11-18T12:00Z, although they are taken daily.',
  ]);
  const off = { ...berlin, every: 'off' as const };
  expect(warningsOf(off, { tried: [], lastGoodAt: now - 30 * 86_400_000 }, 'everybody', now)).toEqual([]);
});
