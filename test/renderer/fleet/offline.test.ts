import { expect, test } from 'vitest';
import { COPY_IS_OLD_MS, copyStanding } from '../../../src-renderer/fleet/offline.ts';

const now = Date.parse('2026-11-21T18:00:00Z');
const before = (ms: number) => ({ at: new Date(now - ms).toISOString() });

test('a copy is fresh for as long as its machine asks every few minutes, then old; one that was never fetched is none', () => {
  expect(copyStanding({ at: null }, now)).toBe('none');
  expect(copyStanding(before(0), now)).toBe('fresh');
  expect(copyStanding(before(COPY_IS_OLD_MS), now)).toBe('fresh');
  expect(copyStanding(before(COPY_IS_OLD_MS + 1), now)).toBe('old');
});
