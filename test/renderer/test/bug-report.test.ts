import { expect, test } from 'vitest';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { TestDetail } from '../../../shared/protocol/rest/results.ts';
import { bugReport, commandsFor } from '../../../src-renderer/test/bug-report.ts';
import { pixelsOf } from '../../../src-renderer/test/image-size.ts';
import { attempt } from './attempts.ts';

const run = {
  number: 12,
  name: 'main *aaaa*',
  project: 'shop',
  playwright_version: '1.65.1',
  environment: 'staging',
  config: { args: [], env: {} },
  source: { type: 'bundle', tree: 'a'.repeat(64), projectDir: '' },
  metadata: { git: { commit: 'c'.repeat(40), branch: 'main', changed: true } },
} as unknown as Run;
const failed = attempt({
  status: 'failed',
  worker: 'mac-mini-3',
  errors: [{ message: '\u001b[31mError: no ``` more\u001b[39m', snippet: '> 14 | expect(1)' }],
});
const detail = {
  test_id: 'id',
  title: 'shop › buys <a> fern',
  file: 'shop/buy it.spec.ts',
  line: 14,
  project: 'Mobile Safari',
  outcome: 'unexpected',
  attempts: 2,
  note: null,
  all_attempts: [failed],
} as unknown as TestDetail;

test('a bug report says what failed, where, with what, and how to see it again', () => {
  const text = bugReport({
    test: detail,
    run,
    attempt: failed,
    pageUrl: 'https://fleet/runs/12/tests/id',
    sourceUrl: 'https://github.com/acme/shop/blob/c/x#L14',
    history: '3 of the last 50 runs failed, 1 was flaky',
  });
  expect(text).toContain('## shop › buys \\<a\\> fern');
  expect(text).toContain('- **Test:** [`shop/buy it.spec.ts:14`](https://github.com/acme/shop/blob/c/x#L14)');
  expect(text).toContain(`- **Commit:** \`${'c'.repeat(40)}\` with uncommitted changes`);
  expect(text).toContain('- **Machine:** mac-mini-3');
  expect(text).toContain('- **Environment:** staging');
  expect(text).toContain('- **History:** 3 of the last 50 runs failed, 1 was flaky');
  // A fence longer than the one inside, and no colours.
  expect(text).toContain('````\nError: no ``` more\n````');
  expect(text).toContain('```ts\n> 14 | expect(1)\n```');
  expect(text).toContain("playfleet run -- 'shop/buy it.spec.ts:14' --project 'Mobile Safari'");
  expect(text).toContain('(https://fleet/runs/12/tests/id)');
  expect(text).not.toContain('\u001b');
});

test('of a test that never ran it says the note', () => {
  const never = {
    ...detail,
    outcome: 'skipped',
    attempts: 0,
    note: 'Its group failed',
    all_attempts: [],
  } as TestDetail;
  const text = bugReport({ test: never, run, attempt: null, pageUrl: 'https://x', sourceUrl: null, history: null });
  expect(text).toContain('### Note\n\nIts group failed');
  expect(text).not.toMatch(/Machine|### Error|History/);
});

test("a name with a quote is quoted for the shell, and the run's config is named", () => {
  const commands = commandsFor(
    { config: { args: [], env: {}, config_file: 'e2e/pw.config.ts' } },
    { ...detail, file: "o'k.spec.ts", project: '' },
  );
  expect(commands.split('\n')[1]).toBe(String.raw`npx playwright test --config e2e/pw.config.ts 'o'\''k.spec.ts:14'`);
});

test('the number of pixels is that of the picture', () => {
  const said = (name: string) =>
    `  1234 pixels (ratio 0.02 of all image pixels) are different.\n\n  Snapshot: ${name}\n`;
  expect(pixelsOf([said('a.png'), said('b.png')], 'b.png', false)).toEqual({ pixels: 1234, share: 0.02 });
  expect(pixelsOf([said('a.png')], 'c.png', true)).toBeNull();
  expect(pixelsOf(['1 pixels (ratio 0.01 of all image pixels) are different.'], 'a.png', true)?.pixels).toBe(1);
  expect(pixelsOf(['1 pixels (ratio 0.01 of all image pixels) are different.'], 'a.png', false)).toBeNull();
});
