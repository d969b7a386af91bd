import { expect, test } from 'vitest';
import { readError } from '../../../src-renderer/test/read-error.ts';
import { wordDiff } from '../../../src-renderer/test/word-diff.ts';

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

test('the sentence, the two values and the call log of a web assertion are told apart', () => {
  const read = readError({
    message: [
      `Error: \u001b[2mexpect(\u001b[22m${red('locator')}).toHaveText(expected) failed`,
      '',
      "Locator:  getByRole('status')",
      `Expected: \u001b[32m"Total €11.25"\u001b[39m`,
      `Received: ${red('"Total €12.50"')}`,
      'Timeout:  500ms',
      '',
      'Call log:',
      '  - Expect "toHaveText" with timeout 500ms',
      "  - waiting for getByRole('status')",
      '    4 × locator resolved to <p role="status">Total €12.50</p>',
      '      - unexpected value "Total €12.50"',
      '',
    ].join('\n'),
    stack: 'Error: expect\n    at /suite/tests/price.spec.ts:14:43\n    at run (/x/y.js:1:2)',
  });
  expect(read.title).toBe('Error: expect(locator).toHaveText(expected) failed');
  expect(read.values).toEqual({ expected: '"Total €11.25"', received: '"Total €12.50"' });
  expect(read.body).toBe("Locator:  getByRole('status')\nTimeout:  500ms");
  expect(read.callLog).toHaveLength(4);
  expect(read.callLog[0]).toBe('Expect "toHaveText" with timeout 500ms');
  expect(read.stack).toEqual(['at /suite/tests/price.spec.ts:14:43', 'at run (/x/y.js:1:2)']);
});

test('a difference of objects is read line by line', () => {
  const { diff, body, values } = readError({
    message: [
      'Error: expect(received).toEqual(expected) // deep equality',
      '',
      `\u001b[32m- Expected  - 1\u001b[39m`,
      red('+ Received  + 1'),
      '',
      '  Object {',
      `\u001b[32m-   "a": 1,\u001b[39m`,
      red('+   "a": 2,'),
      '  }',
    ].join('\n'),
  });
  expect(diff).toEqual([
    { kind: 'same', text: 'Object {' },
    { kind: 'expected', text: '  "a": 1,' },
    { kind: 'received', text: '  "a": 2,' },
    { kind: 'same', text: '}' },
  ]);
  expect([body, values]).toEqual(['', null]);
});

test('what is no assertion stays as it is, colours and all', () => {
  const read = readError({ message: `Error: outer\n${red('[cause]: Error: inner')}` });
  expect(read).toMatchObject({ title: 'Error: outer', body: red('[cause]: Error: inner'), diff: null, values: null });
  expect(readError({ message: '' }).title).toBe('');
});

test('one value alone is no comparison', () => {
  const { values, body } = readError({ message: 'Error: no\n\nExpected: visible\nTimeout: 5000ms' });
  expect(values).toBeNull();
  expect(body).toContain('Expected: visible');
});

const marked = (parts: { text: string; changed: boolean }[]) =>
  parts.map(({ text, changed }) => (changed ? `[${text}]` : text)).join('');

test.each([
  ['Total €11.25', 'Total €12.50', 'Total €[11].[25]', 'Total €[12].[50]'],
  ['a b c', 'a c', 'a [b ]c', 'a c'],
  ['same', 'same', 'same', 'same'],
  ['', 'new', '', '[new]'],
])('%s against %s', (before, after, left, right) => {
  const parts = wordDiff(before, after);
  expect([marked(parts.before), marked(parts.after)]).toEqual([left, right]);
});

test('very long texts are compared from their ends', () => {
  const middle = Array.from({ length: 5000 }, (_, index) => `w${index}`).join(' ');
  const parts = wordDiff(`begin ${middle} end`, `begin other end`);
  expect(parts.before[0]).toEqual({ text: 'begin ', changed: false });
  expect(parts.before.at(-1)).toEqual({ text: ' end', changed: false });
});
