import { expect, test } from 'vitest';
import { parseJson } from '../../../shared/base/parse-json.ts';

test('a text that is no JSON is nothing, and never an error', () => {
  expect(parseJson('{"a":[1]}')).toEqual({ a: [1] });
  expect(['', '{', '{"a":1', 'undefined'].map(parseJson)).toEqual([null, null, null, null]);
});
