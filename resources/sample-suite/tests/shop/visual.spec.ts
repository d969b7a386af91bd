import { expect, test } from '../support/test';

test.describe('pictures', { tag: '@visual' }, () => {
  test.use({ role: 'guest' });

  test.beforeEach(async ({ page }) => {
    await page.goto('/public/styleguide.html');
    await expect(page.locator('body')).toHaveAttribute('data-ready', 'true');
  });

  for (const part of ['art', 'chart', 'palette']) {
    test(`the ${part} looks as agreed`, async ({ page }) => {
      await expect(page.locator(`#${part}`)).toHaveScreenshot(`${part}.png`);
    });
  }
});
