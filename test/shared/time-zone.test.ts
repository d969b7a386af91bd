import fc from 'fast-check';
import { expect, test } from 'vitest';
import { calendar, hourOfWeek, isTimeZone, startOf } from '../../shared/base/time-zone.ts';

const HOUR = 3_600_000;
const at = (text: string) => Date.parse(text);
const iso = (ms: number) => new Date(ms).toISOString();

test('days begin at midnight there, also when the clocks are changed', () => {
  const days = calendar(at('2026-03-28T12:00:00Z'), at('2026-03-30T12:00:00Z'), 'day', 'Europe/Berlin');
  expect(days.map(({ from, to }) => (to - from) / HOUR)).toEqual([24, 23, 24]);
  expect(iso(days[0]!.from)).toBe('2026-03-27T23:00:00.000Z');
  const autumn = calendar(at('2026-10-25T00:00:00Z'), at('2026-10-25T12:00:00Z'), 'day', 'Europe/Berlin');
  expect(autumn.map(({ from, to }) => (to - from) / HOUR)).toEqual([25]);
});

test('weeks begin on Monday, and hours of the week are counted from there', () => {
  expect(iso(startOf('week', at('2026-11-22T23:30:00Z'), 'UTC'))).toBe('2026-11-16T00:00:00.000Z');
  expect(iso(startOf('week', at('2026-11-22T23:30:00Z'), 'Europe/Berlin'))).toBe('2026-11-22T23:00:00.000Z');
  expect(hourOfWeek(at('2026-11-16T00:00:00Z'), 'UTC')).toBe(0);
  expect(hourOfWeek(at('2026-11-22T23:59:00Z'), 'UTC')).toBe(167);
  expect(hourOfWeek(at('2026-11-16T00:00:00Z'), 'Asia/Kolkata')).toBe(5);
});

test('names are known or not', () => {
  expect(['Europe/Berlin', 'UTC', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
});

test('a calendar has no gaps, holds all of its time, and its parts have about the length of their unit', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'Pacific/Apia',
    'America/Santiago',
    'Asia/Beirut',
    'Australia/Lord_Howe',
  ];
  const lengths = { hour: HOUR, day: 24 * HOUR, week: 168 * HOUR };
  fc.assert(
    fc.property(
      fc.integer({ min: at('2000-01-01'), max: at('2040-01-01') }),
      fc.constantFrom('hour', 'day', 'week'),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(...zones),
      (from, unit, n, zone) => {
        const to = from + n * lengths[unit];
        const spans = calendar(from, to, unit, zone);
        expect(spans[0]!.from).toBeLessThanOrEqual(from);
        expect(spans.at(-1)!.to).toBeGreaterThanOrEqual(to);
        spans.forEach((span, i) => {
          expect(span.to - span.from).toBeLessThanOrEqual(lengths[unit] + 24 * HOUR);
          expect(span.to - span.from).toBeGreaterThan(0);
          if (i > 0) expect(span.from).toBe(spans[i - 1]!.to);
        });
      },
    ),
  );
});
