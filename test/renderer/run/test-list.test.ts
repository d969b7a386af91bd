import { expect, test } from 'vitest';
import { TestList } from '../../../src-renderer/run/tests/test-list.ts';
import { standingOfTest } from '../../../src-renderer/run/tests/row.ts';
import { granted, results, running, settled, summary } from './support.ts';

const standings = (list: TestList) => Object.fromEntries(list.rows.map((row) => [row.id, standingOfTest(row)]));

function read(...ids: string[]): TestList {
  const list = new TestList();
  list.beginReading();
  list.takePage(ids.map((id) => summary(id, { tags: ['@smoke'] })));
  list.endReading();
  return list;
}

test('a test is open, runs, and is settled with its worker; what did not change stays the same object', () => {
  const list = read('a', 'b');
  const [, before] = list.rows;
  list.apply([granted, running('a')], 5_000);
  expect(standings(list)).toEqual({ a: 'running', b: 'open' });
  expect(list.rows[0]!.since).toBe(5_000);
  list.apply([results(settled('a', { outcome: 'unexpected', error: 'Error: no' }))], 6_000);
  expect(standings(list)).toEqual({ a: 'unexpected', b: 'open' });
  expect(list.rows[0]).toMatchObject({ worker: 'mac-1', tags: ['@smoke'], clusterTitle: 'Error: no', since: null });
  expect(list.rows[1]).toBe(before);
});

test('nothing changes where events tell nothing new', () => {
  const list = read('a');
  list.apply([running('a')], 1);
  const rows = list.rows;
  expect(list.apply([running('a')], 2)).toBe(false);
  expect(list.rows).toBe(rows);
});

test('what a worker gives back runs no more', () => {
  const list = read('a');
  list.apply([running('a')], 1);
  const requeued = { ...granted, type: 'task.requeued', data: { attempt: 1, fence: 1, ended: 'lost', reason: null } };
  list.apply([requeued as Parameters<TestList['apply']>[0][number]], 2);
  expect(standings(list)).toEqual({ a: 'open' });
});

test('a result that came while pages were read is not undone by a page that is older', () => {
  const list = read('a', 'b');
  list.beginReading();
  list.apply([results(settled('a'))], 1);
  list.takePage([summary('a'), summary('b')]);
  expect(standings(list)).toEqual({ a: 'expected', b: 'open' });
  list.endReading();
  expect(standings(list)).toEqual({ a: 'expected', b: 'open' });
});

test('a failure that moved to a page that was read already is there all the same', () => {
  const list = new TestList();
  list.beginReading();
  list.takePage([summary('a')]);
  list.apply([results(settled('late', { outcome: 'unexpected', error: 'Error: no' }))], 1);
  list.endReading();
  expect(standings(list)).toEqual({ a: 'open', late: 'unexpected' });
});

test('after reading anew, tests that are gone are gone, and what runs still runs', () => {
  const list = read('a', 'b');
  list.apply([running('b')], 7);
  list.beginReading();
  list.takePage([summary('b')]);
  list.endReading();
  expect(standings(list)).toEqual({ b: 'running' });
  expect(list.rows[0]!.since).toBe(7);
});
