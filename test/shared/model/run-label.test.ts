import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  FIRST_SLOT,
  parseRunLabel,
  runLabel,
  SLOT_SIZE,
  slotOf,
  SLOTS_END,
  slotTag,
} from '../../../shared/model/run-label.ts';

test('a run of the central coordinator is called by its number, one of a promoted coordinator has its tag before it', () => {
  expect(runLabel(12)).toBe('12');
  expect(runLabel(FIRST_SLOT * SLOT_SIZE + 3)).toBe('A000-3');
  expect(slotTag(SLOTS_END - 1)).toBe('ZZZZ');
  expect(slotTag(0)).toBe('');
});

test('what people read leads back to the number, in any case and with the sign before it', () => {
  const number = fc.oneof(
    fc.integer({ min: 1, max: 1_000_000_000 }),
    fc
      .tuple(fc.integer({ min: FIRST_SLOT, max: SLOTS_END - 1 }), fc.integer({ min: 1, max: SLOT_SIZE - 1 }))
      .map(([slot, n]) => slot * SLOT_SIZE + n),
  );
  fc.assert(
    fc.property(number, (n) => {
      const label = runLabel(n);
      expect(Number.isSafeInteger(n)).toBe(true);
      for (const text of [label, `#${label}`, label.toLowerCase(), String(n)]) expect(parseRunLabel(text)).toBe(n);
      expect(label.startsWith(slotTag(slotOf(n)))).toBe(true);
    }),
  );
  for (const text of [
    '',
    'x',
    'QX7K',
    'QX7K-',
    'QIUO-1',
    '0X7K-1',
    'QX7K-1000000',
    '1.5',
    '-1',
    '0199a8f0-0000-7000-8000-000000000000',
  ])
    expect(parseRunLabel(text), text).toBeNull();
});
