import { expect, test } from '@playwright/test';

test.describe('basket', () => {
  test('is empty at first', { tag: '@fast' }, () => {
    expect([]).toHaveLength(0);
  });

  test('counts what is put in', { tag: '@fast' }, () => {
    expect(['fern', 'fig']).toHaveLength(2);
  });

  test('keeps what was put in', ({}, testInfo) => {
    // Fails once, as tests do whose page was not ready.
    expect(testInfo.retry, 'the basket was not saved in time').toBe(1);
  });

  test.skip('is shared between devices', () => undefined);
});
