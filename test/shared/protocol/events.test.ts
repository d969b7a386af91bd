import { expect, test } from 'vitest';
import { eventId, isLive, parseEvent, parseEventId } from '../../../shared/protocol/events.ts';

const created = {
  seq: 1,
  epoch: 'e',
  at: 5,
  run_id: 'r',
  worker_id: null,
  task_id: null,
  type: 'run.created',
  data: { number: 1, name: 'n', kind: 'queue', total_shards: 0, created_by: 'me' },
};

test('an event of a type that is not known is passed over, one of another shape is refused', () => {
  expect(parseEvent(created)).toEqual(created);
  expect(parseEvent({ ...created, type: 'run.invented' })).toBeNull();
  expect(() => parseEvent({ ...created, run_id: null })).toThrow(/run_id/);
  expect(() => parseEvent({ ...created, data: { ...created.data, number: 'one' } })).toThrow(/number/);
  expect(() => parseEvent(null)).toThrow();
});

test('fields that a later version adds are left out', () => {
  expect(parseEvent({ ...created, later: 1, data: { ...created.data, more: true } })).toEqual(created);
});

test('event ids name seq and epoch, and nothing else is one', () => {
  expect(parseEventId(eventId('a-b.c', 12))).toEqual({ epoch: 'a-b.c', seq: 12 });
  expect(parseEventId('0')).toEqual({ epoch: null, seq: 0 });
  for (const text of ['', '1', 'x.e', '-1.e', '01.e', '1.', '12345678901234567.e'])
    expect(parseEventId(text)).toBeNull();
});

test('only running tests and logs are live', () => {
  expect([isLive('tests.running'), isLive('run.log'), isLive('results')]).toEqual([true, true, false]);
});
