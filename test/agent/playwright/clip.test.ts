import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clip, clipMiddle } from '../../../src-main/agent/playwright/reporter/clip.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 400 });

test('cut text fits, keeps its beginning and stays well-formed', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 100 }), (given, max) => {
      const cut = clip(given, max);
      expect(cut.length).toBeLessThanOrEqual(max);
      expect(cut.isWellFormed()).toBe(true);
      expect(given.startsWith(cut.replace(/…$/, ''))).toBe(true);
      if (given.length <= max) expect(cut).toBe(given);
    }),
  );
});

test('text cut in the middle fits, keeps both ends and counts what is gone', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 110, max: 300 }), (given, max) => {
      const cut = clipMiddle(given, max);
      expect(cut.length).toBeLessThanOrEqual(max);
      expect(cut.isWellFormed()).toBe(true);
      const match = /^(.*)\n\[… (\d+) characters not kept …\]\n(.*)$/s.exec(cut);
      if (given.length <= max) expect(cut).toBe(given);
      else expect((match?.[1]?.length ?? 0) + Number(match?.[2]) + (match?.[3]?.length ?? 0)).toBe(given.length);
    }),
  );
});
