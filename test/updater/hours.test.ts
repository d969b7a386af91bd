import { expect, test } from 'vitest';
import { hours } from '../../shared/protocol/desktop/manners.ts';
import { hoursAround } from '../../src-main/updater/hours.ts';

const office = hours.parse({
  timeZone: 'Europe/Berlin',
  week: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }],
});
/** Friday, 20 November 2026, 09:00 in Berlin. */
const NINE = Date.parse('2026-11-20T08:00:00Z');

test('an updater knows the first minute of the working hours and the minute before it', () => {
  expect(hoursAround(office, NINE + 30_000)).toEqual({ hoursBeganAt: NINE, hoursBeginAt: null });
  expect(hoursAround(office, NINE + 61_000)).toEqual({ hoursBeganAt: null, hoursBeginAt: null });
  expect(hoursAround(office, NINE - 30_000)).toEqual({ hoursBeganAt: null, hoursBeginAt: NINE });
  expect(hoursAround(null, NINE)).toEqual({ hoursBeganAt: null, hoursBeginAt: null });
});
