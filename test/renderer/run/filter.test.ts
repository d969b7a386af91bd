import { expect, test } from 'vitest';
import { Filter } from '../../../src-renderer/run/tests/filter.ts';
import { failed, row } from './support.ts';

const adds = failed('adds an item', 'Error: no such button', { tags: ['@smoke'], worker: 'mac-1' });
const pays = row('pays', { outcome: 'flaky', file: 'checkout.spec.ts', project: 'web kit' });
const looks = row('looks around', { outcome: 'expected', tags: ['@slow'], worker: 'mac-2' });
const waits = row('waits');
const all = [adds, pays, looks, waits];

const found = (text: string) => {
  const filter = new Filter(text);
  return all.filter((one) => filter.matches(one)).map(({ id }) => id);
};

test.each([
  ['', ['adds an item', 'pays', 'looks around', 'waits']],
  ['s:failed', ['adds an item']],
  ['s:failed s:flaky', ['adds an item', 'pays']],
  ['s:open', ['waits']],
  ['!s:failed', ['pays', 'looks around', 'waits']],
  ['@smoke', ['adds an item']],
  ['!@slow !@smoke', ['pays', 'waits']],
  ['file:checkout', ['pays']],
  ['p:"web kit"', ['pays']],
  ['w:mac-1 w:mac-2', ['adds an item', 'looks around']],
  ['"looks around"', ['looks around']],
  ['looks around', ['looks around']],
  ['"around looks"', []],
  ['s:failed @slow', []],
  ['CHECKOUT', ['pays']],
  ['button', ['adds an item']],
  ['cart.spec.ts:1 looks', ['looks around']],
])('%s finds %j', (text, ids) => {
  expect(found(text)).toEqual(ids);
  expect(new Filter(text).errors).toEqual([]);
});

test('what is wrong is named with where it stands, and the rest still counts', () => {
  const filter = new Filter('s:failed s:faild p: "open');
  expect(filter.errors).toEqual([
    { from: 9, to: 16, code: 'unknown_state' },
    { from: 17, to: 19, code: 'no_value' },
    { from: 20, to: 25, code: 'open_quote' },
  ]);
  expect(all.filter((one) => filter.matches(one))).toEqual([adds]);
});

test('a word with a colon that is none of the language is a word', () => {
  const filter = new Filter('http://localhost:3000 12:30');
  expect(filter.errors).toEqual([]);
  expect(filter.terms.map(({ kind, value }) => [kind, value])).toEqual([
    ['text', 'http://localhost:3000'],
    ['text', '12:30'],
  ]);
});

const known = { projects: ['chromium', 'web kit'], workers: ['mac-1'], files: ['cart.spec.ts'], tags: ['@smoke'] };

test.each([
  ['s:f', 3, { from: 0, to: 3, options: ['s:failed', 's:flaky'] }],
  ['x !s:f', 6, { from: 2, to: 6, options: ['!s:failed', '!s:flaky'] }],
  ['p:', 2, { from: 0, to: 2, options: ['p:chromium', 'p:"web kit"'] }],
  ['@', 1, { from: 0, to: 1, options: ['@smoke'] }],
  ['f', 1, { from: 0, to: 1, options: ['file:'] }],
  ['s:failed', 8, null],
  ['anything', 8, null],
])('%s with the caret at %i suggests %j', (text, caret, expected) => {
  expect(new Filter(text).suggest(caret, known)).toEqual(expected);
});

test('a term is added, and taken out again', () => {
  expect(new Filter('cart').toggled('s:failed')).toBe('cart s:failed');
  expect(new Filter('cart s:failed').toggled('s:failed')).toBe('cart');
});

test('ten thousand tests are filtered in a moment', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => row(`test ${index}`, { file: `f${index % 100}.spec.ts` }));
  const filter = new Filter('f7.spec !s:failed "test 1"');
  const begun = performance.now();
  expect(many.filter((one) => filter.matches(one))).not.toEqual([]);
  expect(performance.now() - begun).toBeLessThan(200);
});
