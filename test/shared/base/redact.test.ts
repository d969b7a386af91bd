import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MASK, redactAll, redactTexts, Redactor } from '../../../shared/base/redact.ts';

const SECRET = 'Tr0ub4dor&3 "ß/+"';
const redactor = new Redactor([SECRET]);

const FORMS: [string, string][] = [
  ['as it is', SECRET],
  ['in JSON', JSON.stringify({ password: SECRET })],
  ['in JSON in JSON', JSON.stringify(JSON.stringify({ password: SECRET }))],
  ['in an address', `https://shop.test/?password=${encodeURIComponent(SECRET)}&x=1`],
  ['in an address, with small digits', encodeURIComponent(SECRET).replaceAll(/%../g, (hex) => hex.toLowerCase())],
  ['in a form', new URLSearchParams({ password: SECRET }).toString()],
  ['in base64', Buffer.from(SECRET).toString('base64')],
  ['in base64 behind one byte', Buffer.from(`:${SECRET}:`).toString('base64')],
  ['in base64 behind a name', `Basic ${Buffer.from(`ada:${SECRET}`).toString('base64')}`],
  ['in base64url', Buffer.from(`me:${SECRET}`).toString('base64url')],
];

for (const [how, text] of FORMS) {
  test(`a secret is hidden ${how}`, () => {
    const shown = redactor.text(text);
    expect(shown).toContain(MASK);
    expect(leaks(shown)).toBe(false);
  });

  test(`a secret is hidden ${how}, however it is cut into chunks`, () => {
    const cuts = fc.array(fc.nat(text.length + 10), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, (places) => {
        const whole = `before ${text} after`;
        const stream = redactor.stream();
        let shown = '';
        let at = 0;
        for (const place of [...places].sort((a, b) => a - b)) {
          shown += stream.write(whole.slice(at, Math.max(at, place)));
          at = Math.max(at, place);
        }
        shown += stream.write(whole.slice(at)) + stream.end();
        expect(shown).toBe(redactor.text(whole));
      }),
    );
  });
}

test('what is no secret passes a stream unchanged, whatever it begins like', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('Tr', '0ub', 'Tr0ub4dor', ' ', '&', 'x')), (parts) => {
      const stream = redactor.stream();
      expect(parts.map((part) => stream.write(part)).join('') + stream.end()).toBe(parts.join(''));
    }),
  );
});

test('what cannot be the beginning of a secret is not held back', () => {
  const stream = redactor.stream();
  expect(stream.write('a line\n')).toBe('a line\n');
  expect(stream.write('password: Tr0u')).toBe('password: ');
  expect(stream.end()).toBe('Tr0u');
});

test('the longer of two secrets is hidden whole, also across chunks', () => {
  const both = new Redactor(['hunter', 'hunter22']);
  const stream = both.stream();
  expect(stream.write('x hunter') + stream.write('22 hunter ') + stream.end()).toBe('x *** *** ');
});

test('each line of a key is hidden by itself', () => {
  const key = '-----BEGIN KEY-----\nabcdefgh1234\nijklmnop5678\n-----END KEY-----\n';
  expect(new Redactor([key]).text('line 1: ijklmnop5678, then abcdefgh1234')).toBe('line 1: ***, then ***');
});

test('too short values and no values hide nothing', () => {
  expect(new Redactor(['abc']).isEmpty).toBe(true);
  expect(new Redactor([]).stream().write('abc')).toBe('abc');
});

test('in a report the texts are redacted and the names that programs go by are not', () => {
  const passed = new Redactor(['passed', 'abcd']);
  const report = { kind: 'results', testId: 'abcd', status: 'passed', errors: [{ message: 'it passed abcd' }] };
  expect(redactTexts(report, passed)).toEqual({ ...report, errors: [{ message: 'it *** ***' }] });
  expect(redactAll({ any: ['abcd'] }, passed)).toEqual({ any: ['***'] });
});

function leaks(shown: string): boolean {
  const decoded = [shown, ...shown.split(/[^A-Za-z0-9+/_-]+/).map((part) => Buffer.from(part, 'base64').toString())];
  return decoded.some((text) => text.includes(SECRET) || text.includes(SECRET.slice(2, -3)));
}
