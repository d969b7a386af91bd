import { expect, test } from 'vitest';
import { bucketLabel, dayStart, isoSpan, spanOf, workerSpan } from '../../../src-renderer/analytics/range.ts';

const BERLIN = 'Europe/Berlin';
const at = (iso: string) => Date.parse(iso);
const own = (from: string, to: string, zone = BERLIN) => ({ range: 'own', from, to, zone });

test('days begin at midnight of the zone, also on the days on which its clocks change', () => {
  expect(dayStart('2026-03-28', BERLIN)).toBe(at('2026-03-27T23:00:00Z'));
  expect(dayStart('2026-03-29', BERLIN)).toBe(at('2026-03-28T23:00:00Z'));
  expect(dayStart('2026-03-30', BERLIN)).toBe(at('2026-03-29T22:00:00Z'));
  expect(dayStart('2026-10-25', BERLIN)).toBe(at('2026-10-24T22:00:00Z'));
  expect(dayStart('2026-10-26', BERLIN)).toBe(at('2026-10-25T23:00:00Z'));
  expect(dayStart('2026-11-21', 'Pacific/Auckland')).toBe(at('2026-11-20T11:00:00Z'));
  expect(dayStart('2026-02-30', BERLIN)).toBeNull();
  expect(dayStart('tomorrow', BERLIN)).toBeNull();
});

test('an own range holds both of its days as a whole', () => {
  const now = at('2026-11-21T12:00:00Z');
  expect(isoSpan(spanOf(own('2026-10-25', '2026-10-25'), now))).toEqual({
    from: '2026-10-24T22:00:00.000Z',
    to: '2026-10-25T23:00:00.000Z',
  });
  // Today is not over.
  expect(isoSpan(spanOf(own('2026-11-20', '2026-11-21'), now))).toEqual({ from: '2026-11-19T23:00:00.000Z' });
  // The wrong way round, or not there at all: the last 30 days.
  expect(spanOf(own('2026-11-21', '2026-11-01'), now)).toEqual(spanOf({ ...own('', ''), range: '30d' }, now));
});

test('the last seven days begin at a midnight, whatever the clocks did since, and stay the same all day', () => {
  const span = (now: string) => spanOf({ ...own('', ''), range: '7d' }, at(now));
  expect(span('2026-03-31T10:00:00Z').from).toBe(at('2026-03-24T23:00:00Z'));
  expect(span('2026-10-27T10:00:00Z').from).toBe(at('2026-10-20T22:00:00Z'));
  expect(span('2026-10-27T22:59:59Z')).toEqual(span('2026-10-26T23:00:00Z'));
  expect(span('2026-10-27T10:00:00Z').bucket).toBe('day');
});

test('longer times are cut into larger pieces, and of machines only so much is asked as is answered', () => {
  const now = at('2026-11-21T12:34:56Z');
  const buckets = ['24h', '30d', '90d', '365d'].map((range) => spanOf({ ...own('', ''), range }, now).bucket);
  expect(buckets).toEqual(['hour', 'day', 'day', 'week']);
  const year = workerSpan(spanOf({ ...own('', ''), range: '365d' }, now), now);
  expect(year.cut).toBe(true);
  expect(now - year.span.from).toBeLessThanOrEqual(62 * 86_400_000);
  expect(workerSpan(spanOf({ ...own('', ''), range: '7d' }, now), now).cut).toBe(false);
});

test('a piece is called by the clock of the zone, twice the same hour where it comes twice', () => {
  expect(bucketLabel('2026-10-24T22:00:00Z', 'day', BERLIN, 'en-GB')).toBe('25 Oct');
  expect(bucketLabel('2026-10-25T00:00:00Z', 'hour', BERLIN, 'en-GB')).toContain('02:00');
  expect(bucketLabel('2026-10-25T01:00:00Z', 'hour', BERLIN, 'en-GB')).toContain('02:00');
  expect(bucketLabel('2026-10-25T02:00:00Z', 'hour', BERLIN, 'en-GB')).toContain('03:00');
});
