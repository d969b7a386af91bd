/** A suite in a repository of its own, with a failure of each kind that the test page shows: written anew, so that tests may change it. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { smallSuite } from './fleet.ts';

const CONFIG = `
import { defineConfig } from '@playwright/test';
export default defineConfig({
  testDir: './tests',
  fullyParallel: true,
  retries: 1,
  snapshotPathTemplate: '{testDir}/{testFilePath}-snapshots/{arg}-{projectName}{ext}',
  use: { trace: 'retain-on-failure', screenshot: 'only-on-failure', video: process.env.SHOP_VIDEO === 'on' ? 'on' : 'off', viewport: { width: 640, height: 360 } },
  projects: [{ name: 'desktop' }],
});
`;

const cart = (total: string, colour: string) =>
  `<!doctype html><style>body{margin:0;font:20px sans-serif;background:#fff}main{padding:24px}b{display:block;width:200px;height:60px;background:${colour}}</style><main><h1>Cart</h1><b></b><p role="status">Total ${total}</p></main>`;

/** What is expected of the page, and what comes of it. */
const DESIGNED = cart('€ 11.25', '#1a7f37');
const BUILT = cart('€ 12.50', '#c62a35');

const specs = (fixed: boolean): Record<string, string> => ({
  'tests/cart.spec.ts': `
import { expect, test } from '@playwright/test';
const page1 = ${JSON.stringify(BUILT)};
test.describe('cart', () => {
  test('says the total', { tag: '@checkout', annotation: { type: 'issue', description: 'https://example.com/SHOP-1' } }, async ({ page }, info) => {
    console.log('\\u001b[33mdiscount\\u001b[39m: 10 %');
    console.error('no discount was taken');
    await info.attach('order', { body: JSON.stringify({ total: 12.5 }), contentType: 'application/json' });
    await test.step('open the cart', async () => { await page.setContent(page1); });
    await test.step('look at the total', async () => {
      await test.step('find it', async () => { await expect(page.getByRole('status')).toBeVisible(); });
      await expect(page.getByRole('status')).toHaveText('Total € ${fixed ? '12.50' : '11.25'}', { timeout: 500 });
    });
  });
  test('looks as designed', async ({ page }) => {
    await page.setContent(page1);
    await expect(page).toHaveScreenshot('cart.png', { timeout: 3000 });
  });
  test('keeps the order', () => {
    expect({ lines: [{ name: 'fern', count: 2 }], total: 12.5 }).toEqual({ lines: [{ name: 'fern', count: ${fixed ? 2 : 1} }], total: 12.5 });
  });
  test('is empty at first', () => { expect([]).toHaveLength(0); });
});
`,
});

const git = (folder: string, ...args: string[]): void => {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder });
};

/** Writes it into `folder`. The picture that is expected is taken by the browser of `page`, as it would be on any machine of a team. */
export async function writeBrokenSuite(folder: string, page: Page): Promise<void> {
  mkdirSync(path.join(folder, 'tests/cart.spec.ts-snapshots'), { recursive: true });
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    cpSync(path.join(smallSuite, name), path.join(folder, name));
  writeFileSync(path.join(folder, 'playwright.config.ts'), CONFIG);
  writeSpecs(folder, false);
  await page.setViewportSize({ width: 640, height: 360 });
  await page.setContent(DESIGNED);
  const picture = await page.screenshot();
  writeFileSync(path.join(folder, 'tests/cart.spec.ts-snapshots/cart-desktop.png'), picture);
  git(folder, 'init', '-q', '-b', 'main');
  git(folder, 'remote', 'add', 'origin', 'https://github.com/acme/shop.git');
  git(folder, 'add', '.');
  git(folder, 'commit', '-q', '-m', 'first');
}

/** As the team mends it, or as it was. */
export function writeSpecs(folder: string, fixed: boolean): void {
  for (const [name, text] of Object.entries(specs(fixed))) writeFileSync(path.join(folder, name), text);
}
