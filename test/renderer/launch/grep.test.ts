import fc from 'fast-check';
import { expect, test } from 'vitest';
import { choiceOfGrep, grepOf } from '../../../src-renderer/launch/grep.ts';

/** As Playwright reads --grep. */
function playwrightTakes(text: string, title: string): boolean {
  const [, inner = text, flags = 'gi'] = /^\/(.*)\/([gi]*)$/.exec(text) ?? [];
  const pattern = new RegExp(inner, flags);
  pattern.lastIndex = 0;
  return pattern.test(title);
}

const TITLES = [
  ' desktop cart.spec.ts adds a thing @smoke',
  ' desktop cart.spec.ts adds a thing @smoke-slow',
  ' desktop pay.spec.ts pays\nlater @fast @money',
  ' phone pay.spec.ts pays @smoke @money',
];
const taken = (text: string | null) => TITLES.flatMap((title, i) => (playwrightTakes(text ?? '', title) ? [i] : []));

test('tags take the tests that have one of them, and no longer tags', () => {
  expect(taken(grepOf('', ['@smoke']))).toEqual([0, 3]);
  expect(taken(grepOf('', ['fast', '@smoke']))).toEqual([0, 2, 3]);
});

test('an expression beside tags must match as well, wherever in the title', () => {
  expect(taken(grepOf('pays', ['@smoke']))).toEqual([3]);
  expect(taken(grepOf('later|thing', ['@money', '@smoke']))).toEqual([0, 2]);
  expect(taken(grepOf('^ desktop', ['@money']))).toEqual([2]);
  expect(taken(grepOf('/PAYS/', ['@money']))).toEqual([]);
  expect(taken(grepOf('/PAYS/i', ['@money']))).toEqual([2, 3]);
});

test('what was made of tags and an expression is told apart again', () => {
  const tag = fc.stringMatching(/^@[A-Za-z0-9.+*()|\\/-]{1,8}$/).filter((one) => !one.includes('|'));
  fc.assert(
    fc.property(fc.string(), fc.uniqueArray(tag, { maxLength: 3 }), (grep, tags) => {
      const text = grepOf(grep, tags);
      fc.pre(text !== null);
      const back = choiceOfGrep(text);
      expect(grepOf(back.grep, back.tags)).toBe(text);
      if (tags.length > 0 && !/^\/.*\/[gi]*$/.test(grep)) expect(back).toEqual({ grep, tags });
    }),
  );
});
