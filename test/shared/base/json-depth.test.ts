import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep, MAX_JSON_DEPTH } from '../../../shared/base/json-depth.ts';

const nested = (depth: number, inner = '') => `${'{"a":['.repeat(depth / 2)}${inner}${']}'.repeat(depth / 2)}`;

test('as deep as allowed passes, one more does not', () => {
  expect(isTooDeep(nested(MAX_JSON_DEPTH))).toBe(false);
  expect(isTooDeep(nested(MAX_JSON_DEPTH, '[]'))).toBe(true);
  expect(isTooDeep('['.repeat(1_000_000))).toBe(true);
});

test('brackets within texts do not count, whatever is escaped there', () => {
  const brackets = '[{'.repeat(MAX_JSON_DEPTH);
  for (const text of [brackets, `"${brackets}`, `\\${brackets}`, `\\"${brackets}\\`])
    expect(isTooDeep(JSON.stringify({ [text]: [text, 1] }))).toBe(false);
  expect(isTooDeep(`${JSON.stringify('\\')}${'['.repeat(MAX_JSON_DEPTH + 1)}`)).toBe(true);
});

test('what a list is side by side is not deep', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue({ maxDepth: 20 }), { maxLength: 50 }),
      (value) => !isTooDeep(JSON.stringify(value)),
    ),
  );
});
