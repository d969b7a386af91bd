import { expect, test } from '@playwright/test';

const shop = (total: string) =>
  `<!doctype html><title>Shop</title><h1>Your order</h1><p role="status">Total ${total}</p>`;

test('shows the price', async ({ page }) => {
  await page.setContent(shop('€12.50'));
  await expect(page.getByRole('status')).toHaveText('Total €12.50');
});

test('takes the discount off', { tag: '@checkout' }, async ({ page }) => {
  console.log('\u001b[33mdiscount\u001b[39m: 10 %');
  await page.setContent(shop('€12.50'));
  await expect(page.getByRole('status')).toHaveText('Total €11.25', { timeout: 500 });
});
