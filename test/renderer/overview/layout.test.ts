import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  changed,
  layoutText,
  missing,
  PRESET,
  readLayout,
  WIDGETS,
  type LayoutChange,
} from '../../../src-renderer/overview/layout.ts';

const id = fc.constantFrom(...WIDGETS);
const change: fc.Arbitrary<LayoutChange> = fc.oneof(
  fc.record({ type: fc.constant('add' as const), id }),
  fc.record({ type: fc.constant('remove' as const), id }),
  fc.record({ type: fc.constant('move' as const), id, to: fc.integer({ min: -3, max: 20 }) }),
  fc.record({ type: fc.constant('resize' as const), id, width: fc.constantFrom(1 as const, 2 as const, 3 as const) }),
  fc.constant({ type: 'reset' as const }),
);

test('whatever is arranged, each part is there at most once, and is read again as it was kept', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const layout = changes.reduce(changed, PRESET);
      const ids = layout.map((placed) => placed.id);
      expect(new Set(ids).size).toBe(ids.length);
      expect([...ids, ...missing(layout)].sort()).toEqual([...WIDGETS].sort());
      expect(readLayout(layoutText(layout))).toEqual(layout);
    }),
  );
});

test('a part moves to the place that is named, and no further than the ends', () => {
  const ids = (to: number) => changed(PRESET, { type: 'move', id: 'success', to }).map((placed) => placed.id);
  expect(ids(0).slice(0, 2)).toEqual(['success', 'health']);
  expect(ids(-5)).toEqual(ids(0));
  expect(ids(99).at(-1)).toBe('success');
});

test('what is kept by another version, or is no layout, gives the preset; unknown parts are left out', () => {
  for (const text of [null, '', 'null', '[]', '{"version":2,"widgets":[]}', '{"version":1}']) {
    expect(readLayout(text)).toBe(PRESET);
  }
  const kept = {
    version: 1,
    widgets: [{ id: 'gone', width: 1 }, null, { id: 'queue', width: 9 }, { id: 'queue', width: 1 }],
  };
  expect(readLayout(JSON.stringify(kept))).toEqual([{ id: 'queue', width: 1 }]);
});
