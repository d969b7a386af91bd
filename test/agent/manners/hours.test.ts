import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openAt, tomorrow } from '../../../src-main/agent/manners/hours.ts';
import { hours, type Hours } from '../../../shared/protocol/desktop/manners.ts';
import { calendar, startOf } from '../../../shared/base/time-zone.ts';

const BERLIN = 'Europe/Berlin';
const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
const office: Hours = hours.parse({
  timeZone: BERLIN,
  week: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '18:00' }],
  exceptions: [
    { date: '2026-12-24', spans: [] },
    { date: '2026-12-26', spans: [{ from: '10:00', to: '12:00' }] },
  ],
});
const nights: Hours = hours.parse({
  timeZone: BERLIN,
  week: [{ days: ['sat', 'sun'], from: '22:00', to: '02:30' }],
});

/** [hours, now, open, until]: all in one table, so that a wrong hour shows beside the right ones. */
const CASES: [string, Hours, string, boolean, string | null][] = [
  ['before work', office, '2026-11-23T07:59:59Z', false, '2026-11-23T08:00:00.000Z'],
  ['at its first moment', office, '2026-11-23T08:00:00Z', true, '2026-11-23T17:00:00.000Z'],
  ['at its end', office, '2026-11-23T17:00:00Z', false, '2026-11-24T08:00:00.000Z'],
  ['over a weekend', office, '2026-11-27T18:00:00Z', false, '2026-11-30T08:00:00.000Z'],
  ['in summer the same time is another moment', office, '2026-07-06T07:00:00Z', true, '2026-07-06T16:00:00.000Z'],
  ['over the change to summer time', office, '2026-03-27T17:00:00Z', false, '2026-03-30T07:00:00.000Z'],
  ['over the change to winter time', office, '2026-10-23T16:00:00Z', false, '2026-10-26T08:00:00.000Z'],
  ['on a day off', office, '2026-12-24T10:00:00Z', false, '2026-12-25T08:00:00.000Z'],
  ['on a Saturday that is an exception', office, '2026-12-26T10:00:00Z', true, '2026-12-26T11:00:00.000Z'],
  ['over midnight', nights, '2026-11-21T23:30:00Z', true, '2026-11-22T01:30:00.000Z'],
  ['behind what began yesterday', nights, '2026-11-22T01:30:00Z', false, '2026-11-22T21:00:00.000Z'],
  // 02:30 is left out on 2026-03-29: it ends when the clock jumps from 02:00 to 03:00.
  ['its end is left out', nights, '2026-03-28T22:00:00Z', true, '2026-03-29T01:00:00.000Z'],
  // 02:30 comes twice on 2026-10-25: the first one ends it.
  ['its end comes twice', nights, '2026-10-24T23:00:00Z', true, '2026-10-25T00:30:00.000Z'],
  ['its end came the first time', nights, '2026-10-25T00:45:00Z', false, '2026-10-25T21:00:00.000Z'],
];

test.each(CASES)('hours: %s', (_name, given, now, isOpen, until) => {
  const answer = openAt(given, at(now));
  expect({ isOpen: answer.isOpen, until: iso(answer.until) }).toEqual({ isOpen, until });
});

test('what daylight saving time leaves out whole does not happen, and what it shows twice is one span', () => {
  const early = (from: string, to: string): Hours =>
    hours.parse({ timeZone: BERLIN, week: [{ days: ['sun'], from, to }] });
  expect(iso(openAt(early('02:10', '02:50'), at('2026-03-29T00:30:00Z')).until)).toBe('2026-04-05T00:10:00.000Z');
  expect(iso(openAt(early('02:10', '04:00'), at('2026-03-29T00:30:00Z')).until)).toBe('2026-03-29T01:00:00.000Z');
  const october = early('02:10', '02:50');
  expect(openAt(october, at('2026-10-25T00:20:00Z'))).toEqual({ isOpen: true, until: at('2026-10-25T00:50:00Z') });
  expect(iso(openAt(october, at('2026-10-25T00:50:00Z')).until)).toBe('2026-11-01T01:10:00.000Z');
  const day = early('00:00', '24:00');
  expect(openAt(day, at('2026-10-25T12:00:00Z')).until).toBe(at('2026-10-25T23:00:00Z'));
});

test('29 February is a day where it exists, and refused where it does not', () => {
  const leap = (date: string): Hours =>
    hours.parse({ timeZone: 'UTC', week: [], exceptions: [{ date, spans: [{ from: '10:00', to: '12:00' }] }] });
  expect(openAt(leap('2028-02-29'), at('2028-02-29T11:00:00Z'))).toEqual({
    isOpen: true,
    until: at('2028-02-29T12:00:00Z'),
  });
  expect(openAt(leap('2028-02-29'), at('2028-02-28T11:00:00Z')).until).toBe(at('2028-02-29T10:00:00Z'));
  expect(() => leap('2027-02-29')).toThrow('must be a day that exists');
});

test('a day that a zone leaves out does not happen there', () => {
  const samoa = hours.parse({ timeZone: 'Pacific/Apia', week: [{ days: ['fri'], from: '09:00', to: '17:00' }] });
  // Friday 2011-12-30 did not exist; the next one begins at 09:00, UTC+14.
  expect(iso(openAt(samoa, at('2011-12-29T12:00:00Z')).until)).toBe('2012-01-05T19:00:00.000Z');
});

test('hours that never end or never come have no next change', () => {
  const every = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
  const always = hours.parse({ timeZone: BERLIN, week: [{ days: [...every], from: '00:00', to: '24:00' }] });
  expect(openAt(always, at('2026-10-24T12:00:00Z'))).toEqual({ isOpen: true, until: null });
  expect(openAt(hours.parse({ timeZone: BERLIN, week: [] }), 0)).toEqual({ isOpen: false, until: null });
  const holiday = { ...always, exceptions: [{ date: '2026-12-25', spans: [] }] };
  expect(openAt(holiday, at('2026-11-21T12:00:00Z')).until).toBe(at('2026-12-24T23:00:00Z'));
});

test('tomorrow begins at midnight there, also where midnight is left out', () => {
  expect(iso(tomorrow(at('2026-11-21T23:30:00Z'), BERLIN))).toBe('2026-11-22T23:00:00.000Z');
  expect(iso(tomorrow(at('2026-10-24T23:00:00Z'), BERLIN))).toBe('2026-10-25T23:00:00.000Z');
  // Beirut's clocks go from 00:00 to 01:00 on 2026-03-29.
  expect(iso(tomorrow(at('2026-03-28T12:00:00Z'), 'Asia/Beirut'))).toBe('2026-03-28T22:00:00.000Z');
});

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/St_Johns', 'UTC'];
const time = fc
  .tuple(fc.nat(23), fc.constantFrom(0, 15, 30, 45))
  .map(([hour, minute]) => [hour, minute].map((part) => String(part).padStart(2, '0')).join(':'));
const someHours: fc.Arbitrary<Hours> = fc.record({
  timeZone: fc.constantFrom(...zones),
  week: fc.array(
    fc.record({
      days: fc.uniqueArray(fc.constantFrom('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'), { minLength: 1 }),
      from: time,
      to: time,
    }),
    { maxLength: 3 },
  ),
  exceptions: fc.constant([]),
});

test('until is really the next change: nothing changes before it, and it changes then', () => {
  fc.assert(
    fc.property(
      someHours,
      fc.nat(365 * 24 * 60),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
      (given, minute, parts) => {
        const now = at('2026-01-01T00:00:00Z') + minute * 60_000;
        const { isOpen, until } = openAt(given, now);
        const end = until ?? now + 8 * 24 * HOUR;
        for (const part of parts) expect(openAt(given, Math.floor(now + part * (end - 1 - now))).isOpen).toBe(isOpen);
        if (until !== null) {
          expect(until).toBeGreaterThan(now);
          expect(openAt(given, until - 1).isOpen).toBe(isOpen);
          expect(openAt(given, until).isOpen).toBe(!isOpen);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('in a week without a change of clocks it is open as long as the schedule says', () => {
  const monday = startOf('week', at('2026-11-18T12:00:00Z'), BERLIN);
  const hoursOpen = calendar(monday, monday + 7 * 24 * HOUR, 'hour', BERLIN).filter(
    ({ from }) => openAt(office, from).isOpen,
  );
  expect(hoursOpen).toHaveLength(45);
});
