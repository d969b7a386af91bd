import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failureCluster, groupFailures, wholeError } from '../../shared/model/failure-cluster.ts';

const same = (a: string, b: string) => expect(failureCluster(a)).toEqual(failureCluster(b));
const different = (a: string, b: string) => expect(failureCluster(a).id).not.toBe(failureCluster(b).id);

const expectation = (locator: string, received: string, ms = 5000) =>
  `\u001b[31mError: \u001b[39m\u001b[2mexpect(\u001b[22m\u001b[31mlocator\u001b[39m\u001b[2m).\u001b[22mtoHaveText\u001b[2m(\u001b[22m\u001b[32mexpected\u001b[39m\u001b[2m)\u001b[22m failed

Locator: ${locator}
Expected: "42.00 €"
Received: "${received}"
Timeout: ${ms}ms

Call log:
  - Expect "toHaveText" with timeout ${ms}ms
  - waiting for ${locator}
    9 × locator resolved to <span>${received}</span>
`;

test('the same expectation with other values, times and colours is one error; another locator is another', () => {
  same(expectation("getByTestId('total')", '41.00 €'), expectation("getByTestId('total')", '7 €', 10_000));
  different(expectation("getByTestId('total')", '41'), expectation("getByRole('button', { name: 'Pay' })", '41'));
});

test.each([
  ['numbers', 'expected 3 items but got 17', 'expected 4 items but got 1,200'],
  ['durations', 'gave up after 30000ms', 'gave up after 1.5 s'],
  ['quoted values', 'no user "ada" in \'Berlin\'', 'no user "grace" in \'Oslo\''],
  ['ids', 'order 0f8fad5b-d9cb-469f-a165-70867728950e is gone', 'order 7c9e6679-7425-40de-944b-e07fc1f90ae7 is gone'],
  ['hashes', 'no commit 9fceb02a1b', 'no commit deadbeef12'],
  [
    'addresses',
    'net::ERR_CONNECTION_REFUSED at http://localhost:3001/a',
    'net::ERR_CONNECTION_REFUSED at http://10.0.0.7:9/b?c=1',
  ],
  [
    'paths',
    'ENOENT: no such file, open /home/ada/shop/cart.json',
    'ENOENT: no such file, open C:\\work\\shop\\other.json',
  ],
  ['times', 'expired at 2026-11-21T10:00:00.000Z', 'expired at 2025-01-02 03:04:05'],
  [
    'what stands behind: code and stack',
    'Error: no\n\n  12 | await pay()\n     |  ^',
    'Error: no\n    at pay (/shop/pay.ts:3:9)',
  ],
])('%s do not tell errors apart', (_, a, b) => same(a, b));

test.each([
  ['Error: page.goto: net::ERR_CONNECTION_REFUSED', 'Error: page.goto: net::ERR_NAME_NOT_RESOLVED'],
  ['TypeError: user is undefined', 'TypeError: order is undefined'],
])('what is said in words does: %s, %s', (a, b) => different(a, b));

test('a time-out is told with what was waited for', () => {
  const timeout = 'Test timeout of 30000ms exceeded.';
  const click = "Error: locator.click: Test timeout of 30000ms exceeded.\nCall log:\n  - waiting for locator('#pay')\n";
  expect(wholeError(timeout, click)).toBe(`${timeout}\n${click}`);
  expect(failureCluster(wholeError(timeout, click) ?? '').title).toContain("waiting for locator('#pay')");
  expect(wholeError('Error: first', 'Error: second')).toBe('Error: first');
  expect(wholeError(null, 'Error: second')).toBeNull();
});

test('groups come with the largest first and hold each failure once', () => {
  const failures = ['no 1', 'other', 'no 2', 'no 3', null];
  const groups = groupFailures(failures, (text) => text);
  expect(groups.map(({ title, members }) => [title, members])).toEqual([
    ['no #', ['no 1', 'no 2', 'no 3']],
    ['other', ['other']],
    ['No error message', [null]],
  ]);
});

test('any text has a title of one line that is an error of its own group, in time that grows with its length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 2_000 }), (text) => {
      const { id, title } = failureCluster(text);
      expect(title).not.toContain('\n');
      expect(title.length).toBeLessThanOrEqual(400);
      expect(id).toMatch(/^[0-9a-f]{16}$/);
    }),
  );
  for (const part of ["'", '"a\\', '/a', '1.', 'a1', '://', '\u001b[', '- waiting for ', '<', '0f'] as const) {
    const began = performance.now();
    failureCluster(part.repeat(200_000));
    expect(performance.now() - began).toBeLessThan(1_000);
  }
});
