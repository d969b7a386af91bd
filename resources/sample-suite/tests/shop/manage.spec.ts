import { expect, test } from '../support/test';

test.use({ role: 'manager' });

test('corrects the stock of a product', async ({ page, product }) => {
  await page.goto('/manage');
  const stock = page.getByLabel('Stock of Rattan Planter');
  await stock.fill('4');
  await stock.press('Tab');
  await expect(page.getByRole('status')).toHaveText('Rattan Planter: 4 in stock');
  await product.goto('rattan-planter');
  await expect(product.add).toBeEnabled();
});

test.describe('as a customer', { tag: '@security' }, () => {
  test.use({ role: 'customer' });

  test('is refused', async ({ page }) => {
    const response = await page.goto('/manage');
    expect(response?.status()).toBe(403);
    await expect(page.getByRole('alert')).toHaveText('Only a manager may do this.');
  });
});

test.describe('sales report', { tag: '@slow' }, () => {
  for (const year of [2024, 2025, 2026]) {
    test(`counts the sales of ${year}`, async ({ page }, testInfo) => {
      test.slow();
      await page.goto('/manage');
      await page.getByLabel('Year').selectOption(String(year));
      const making = page.waitForResponse('**/api/reports/sales*');
      await page.getByRole('button', { name: 'Make the sales report' }).click();
      const report = await (await making).json();
      await testInfo.attach('report.json', { body: JSON.stringify(report, null, 2), contentType: 'application/json' });
      await expect(page.getByTestId('report')).toHaveText(`${report.total} plants sold in ${year}`);
    });
  }
});
