import fc from 'fast-check';
import { expect, test } from 'vitest';
import { valuesOf } from './arbitrary.ts';
import { whatIsWrong } from './judge.ts';
import { growthPer10k } from './memory.ts';

const answered = (status: number, detail: string) => ({
  status,
  contentType: 'application/problem+json',
  text: JSON.stringify({ type: 'about:blank', title: 't', status, detail, instance: 'urn:x', code: 'c' }),
});

test('answers that show the inside are seen, and words of the sender are not taken for it', () => {
  const stack = 'x\n    at Object.run (file:///srv/playfleet/main.ts:1:2)';
  expect(whatIsWrong(answered(422, stack), '', '/data')).toContain('shows a stack');
  expect(whatIsWrong(answered(422, 'SQLITE_ERROR: no such table'), '', '/data')).toContain('shows SQL');
  expect(whatIsWrong(answered(422, 'cannot open /var/lib/playfleet/x'), '', '/data')).toContain('shows a path');
  expect(whatIsWrong(answered(404, 'cannot open /var/lib/x'), '{"dir":"/var/lib/x"}', '/data')).toBeNull();
  expect(whatIsWrong(answered(500, 'x'), '', '/data')).toContain('500');
  expect(whatIsWrong(answered(507, 'the disk is full'), '', '/data')).toBeNull();
  expect(whatIsWrong({ status: 200, contentType: 'application/json', text: '"/data/x"' }, '', '/data')).toContain(
    'data folder',
  );
  expect(whatIsWrong({ status: 404, contentType: 'text/plain', text: 'no' }, '', '/data')).toContain('not a problem');
  expect(whatIsWrong(answered(404, 'There is no run 7.'), '', '/data')).toBeNull();
});

test('memory that goes on growing is told from memory that was warmed up, and from single peaks', () => {
  const samples = (live: number[]) =>
    live.map((bytes, index) => ({ requests: index * 1000, live: bytes, resident: 0 }));
  expect(growthPer10k(samples([100, 150, 160, 161, 160, 162, 300, 161, 160, 161]))).toBeLessThan(10);
  expect(growthPer10k(samples([100, 110, 120, 130, 140, 150, 160, 170, 180, 190]))).toBeCloseTo(100);
});

test('values are made that fit a schema, and values that do not', () => {
  const schema = {
    type: 'object',
    properties: { name: { type: 'string', minLength: 1 }, count: { $ref: '#/components/schemas/Count' } },
    required: ['name'],
  };
  const made = fc.sample(valuesOf(schema, { Count: { type: 'integer', minimum: 1, maximum: 3 } }), {
    numRuns: 300,
    seed: 1,
  });
  const fits = made.filter((value) => {
    const { name, count = 1, ...more } = (value ?? {}) as { name?: unknown; count?: unknown };
    return (
      typeof name === 'string' && name !== '' && [1, 2, 3].includes(count as number) && Object.keys(more).length === 0
    );
  });
  expect(fits.length).toBeGreaterThan(100);
  expect(fits.length).toBeLessThan(290);
});
