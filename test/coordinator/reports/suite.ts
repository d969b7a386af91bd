/** A Playwright suite with one of everything that reports must keep, written into a folder where the tests can run it for real. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const repo = path.resolve(import.meta.dirname, '../../..');

export const FILES: Record<string, string> = {
  'playwright.config.ts': `
import { defineConfig } from '@playwright/test';
export default defineConfig({
  testDir: './tests',
  retries: 1,
  workers: 2,
  fullyParallel: true,
  timeout: 20_000,
  metadata: { team: 'shop' },
  use: {
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] },
  },
  projects: [
    { name: 'setup', testMatch: /.*\\.setup\\.ts/ },
    { name: 'first', testMatch: /.*\\.spec\\.ts/, dependencies: ['setup'] },
    { name: 'second one', testMatch: /(shop|group)\\.spec\\.ts/, dependencies: ['setup'] },
    { name: 'thrice', testMatch: /.*\\.again\\.ts/, repeatEach: 3 },
  ],
});
`,
  'tests/log-in.setup.ts': `
import { test as setup } from '@playwright/test';
setup('log in', async ({}, info) => { console.log('logged in'); });
`,
  'tests/again.again.ts': `
import { test, expect } from '@playwright/test';
test('repeats', async ({}, info) => { expect(info.repeatEachIndex === 1 && info.retry === 0).toBe(false); });
`,
  'lib/helper.ts': `
import { expect } from '@playwright/test';
export function mustBeOne(value: number) {
  expect(value, 'one, from a helper outside of testDir').toBe(1);
}
`,
  'tests/shop.spec.ts': `
import { test, expect } from '@playwright/test';
import fs from 'node:fs';
import { mustBeOne } from '../lib/helper';
// Playwright's own retry, or ours on another machine: the test cannot tell them apart.
const attemptOf = (info: { retry: number }) => info.retry + Number(process.env.TASK_ATTEMPT ?? 0);

test('passes', { tag: ['@fast', '@smoke'], annotation: { type: 'issue', description: 'SHOP-1' } }, async ({}, info) => {
  console.log('to stdout'); console.error('to stderr'); process.stdout.write(Buffer.from([0xff, 0x00, 0x41]));
  await test.step('outer', async () => { await test.step('inner', async () => { expect(1).toBe(1); }); });
  await info.attach('inline.txt', { body: 'inline text é', contentType: 'text/plain' });
  await info.attach('inline binary', { body: Buffer.from([1, 2, 3, 255]), contentType: 'application/octet-stream' });
  const file = info.outputPath('numbers.csv'); fs.writeFileSync(file, 'a,b\\n1,2\\n');
  await info.attach('numbers', { path: file, contentType: 'text/csv' });
  await test.step('attaches', async (step) => { await step.attach('in a step', { body: '{"a":1}', contentType: 'application/json' }); });
});
test('is flaky', async ({}, info) => {
  await info.attach('same bytes', { body: 'the same each time', contentType: 'text/plain' });
  const file = info.outputPath('same.txt'); fs.writeFileSync(file, 'equal content');
  await info.attach('same file', { path: file, contentType: 'text/plain' });
  await test.step('only later', async () => { expect(attemptOf(info)).toBeGreaterThan(0); });
});
test('fails always', async () => { await test.step('in a step', async () => { mustBeOne(2); }); });
test('fails softly, twice', async () => { expect.soft(1).toBe(2); expect.soft('a').toBe('b'); });
test('throws with a cause', async () => { throw new Error('outer', { cause: new Error('inner cause') }); });
test('times out', async () => { test.setTimeout(300); await new Promise(() => {}); });
test('is expected to fail', async () => { test.fail(true, 'known bug'); expect(1).toBe(2); });
test.fail('passes though it should fail', async () => {});
test('skips itself', async ({}, info) => { info.annotations.push({ type: 'note', description: 'pushed while running' }); test.skip(true, 'not here'); });
test.skip('is skipped', async () => {});
test.fixme('is to be fixed', async () => {});
test('odd " \\' <b>&amp;</b> ]]> › / \\\\ | 漢字 🎭 %s $& title', async () => { expect('<i>').toBe(']]>'); });
test('crashes its worker', async ({}, info) => { if (info.retry === 0) process.exit(1); });
`,
  'tests/group.spec.ts': `
import { test, expect } from '@playwright/test';
test.describe('checkout', () => {
  test.describe.configure({ mode: 'serial' });
  test('basket', async () => {});
  test('payment', async ({}, info) => { expect(info.retry).toBe(1); });
  test('receipt', async () => {});
});
test.describe('broken', () => {
  test.describe.configure({ mode: 'serial', retries: 0 });
  test('one', async () => { throw new Error('no'); });
  test('two never runs', async () => {});
});
test.describe('twice', () => { test('a', async () => {}); });
test.describe('twice', () => { test('b', async () => {}); test.describe('', () => { test('c in an unnamed group', async () => {}); }); });
test.describe.skip('all skipped', () => { test('x', async () => {}); });
`,
  'tests/page.spec.ts': `
import { test, expect } from '@playwright/test';
test('opens a page and fails', async ({ page }) => {
  await page.setContent('<h1>Basket</h1>');
  await expect(page.locator('h1')).toHaveText('Checkout', { timeout: 300 });
});
`,
  'tests/deep/er/nested.spec.ts': `
import { test } from '@playwright/test';
for (const name of ['ä', 'ö', 'ü']) test('handles ' + name, async () => {});
`,
};

/** The part of it that needs no browser and a few seconds. */
export const SMALL_FILES: Record<string, string> = {
  'playwright.config.ts': `
import { defineConfig } from '@playwright/test';
export default defineConfig({
  testDir: './tests', retries: 1, workers: 2,
  projects: [{ name: 'setup', testMatch: /.*\\.setup\\.ts/ }, { name: 'only', testMatch: /.*\\.spec\\.ts/, dependencies: ['setup'] }],
});
`,
  'tests/log-in.setup.ts': FILES['tests/log-in.setup.ts']!,
  'lib/helper.ts': FILES['lib/helper.ts']!,
  'tests/deep/er/nested.spec.ts': FILES['tests/deep/er/nested.spec.ts']!,
  'tests/small.spec.ts': `
import { test, expect } from '@playwright/test';
import fs from 'node:fs';
import { mustBeOne } from '../lib/helper';
test.describe('basket', () => {
  test('passes with files', { tag: '@fast', annotation: { type: 'issue', description: 'SHOP-1' } }, async ({}, info) => {
    console.log('to stdout'); console.error('to stderr');
    await test.step('outer', async () => { await test.step('inner', async () => { expect(1).toBe(1); }); });
    await info.attach('inline', { body: 'inline text', contentType: 'text/plain' });
    const file = info.outputPath('numbers.csv'); fs.writeFileSync(file, 'a,b\\n1,2\\n'.repeat(200));
    await info.attach('numbers', { path: file, contentType: 'text/csv' });
  });
  test('is flaky', async ({}, info) => {
    const file = info.outputPath('same.txt'); fs.writeFileSync(file, 'equal content');
    await info.attach('same file', { path: file, contentType: 'text/plain' });
    expect(info.retry + Number(process.env.TASK_ATTEMPT ?? 0)).toBeGreaterThan(0);
  });
  test('fails always', async () => { await test.step('in a step', async () => { mustBeOne(2); }); });
});
test('is expected to fail', async () => { test.fail(true, 'known bug'); expect(1).toBe(2); });
test('skips itself', async () => { test.skip(true, 'not here'); });
test.fixme('is to be fixed', async () => {});
`,
};

export function writeSuite(
  folder: string,
  files: Record<string, string> = FILES,
  nodeModules = path.join(repo, 'node_modules'),
): string {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  symlinkSync(nodeModules, path.join(folder, 'node_modules'));
  return folder;
}
