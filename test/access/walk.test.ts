import { expect, test } from 'vitest';
import { startCoordinator } from '../support/coordinator.ts';
import { CALLERS } from './callers.ts';
import { expectationOf, fits } from './expectation.ts';
import { walk } from './walk.ts';

test('every route answers every caller as it declares', async () => {
  const { url, adminToken } = await startCoordinator();
  const cells = await walk({ url, token: adminToken });
  expect(cells.filter((cell) => !cell.fits)).toEqual([]);
  expect(new Set(cells.map((cell) => cell.route)).size).toBeGreaterThan(40);
  expect(cells).toHaveLength(new Set(cells.map((cell) => cell.route)).size * CALLERS.length);
  for (const expected of ['open', 'admitted', 'unauthenticated', 'forbidden'] as const) {
    expect(cells.filter((cell) => cell.expected === expected).length).toBeGreaterThan(20);
  }
});

test('what is expected of a caller follows from the declared access', () => {
  expect(expectationOf('public', 'none')).toBe('open');
  expect(expectationOf('viewer', 'viewer')).toBe('admitted');
  expect(expectationOf('runner', 'viewer')).toBe('forbidden');
  expect(expectationOf('runner', 'worker')).toBe('forbidden');
  expect(expectationOf('worker', 'admin')).toBe('forbidden');
  expect(expectationOf('worker or runner', 'worker')).toBe('admitted');
  expect(expectationOf('worker or runner', 'viewer')).toBe('forbidden');
  expect(expectationOf('worker or runner', 'revoked worker')).toBe('unauthenticated');
  expect(expectationOf('admin', 'expired token')).toBe('unauthenticated');
  expect(expectationOf('admin of all', 'member admin')).toBe('forbidden');
  expect(expectationOf('admin of all', 'admin')).toBe('admitted');
  expect(expectationOf('admin of all', 'maintainer')).toBe('forbidden');
  expect(expectationOf('maintainer', 'member maintainer')).toBe('admitted');
  expect(expectationOf('person', 'admin')).toBe('forbidden');
  expect(expectationOf('person', 'member viewer')).toBe('admitted');
  expect(expectationOf('person', 'signed out')).toBe('unauthenticated');
});

test('a route that lets in whom it should not would be seen', () => {
  expect(fits('forbidden', { status: 200, code: null })).toBe(false);
  expect(fits('forbidden', { status: 403, code: 'cross_origin' })).toBe(false);
  expect(fits('unauthenticated', { status: 404, code: 'not_found' })).toBe(false);
  expect(fits('admitted', { status: 403, code: 'forbidden' })).toBe(false);
  expect(fits('open', { status: 500, code: 'internal' })).toBe(false);
});
