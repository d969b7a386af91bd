import { expect, test } from 'vitest';
import { toldCounts } from '../../../shared/model/home-counts.ts';

test('people are told of what they know, and of the sum of all entries, in which files are not counted', () => {
  const counts = { run: 2, test: 40, attempt: 44, grant: 6, log: 120, file: 9 };
  expect(toldCounts(counts)).toEqual({
    told: [
      { kind: 'run', n: 2 },
      { kind: 'test', n: 40 },
      { kind: 'attempt', n: 44 },
      { kind: 'file', n: 9 },
    ],
    entries: 212,
  });
});

test('where nothing was done, nothing is told as nothing', () => {
  expect(toldCounts({})).toMatchObject({ told: [{ kind: 'run', n: 0 }, {}, {}, {}], entries: 0 });
});
