import type { Page } from '@playwright/test';
import { expect, test } from '../support/test';

/** One purchase, step by step in one page: each step begins where the last one ended. */
test.describe('checkout', { tag: ['@smoke', '@checkout'] }, () => {
  test.describe.configure({ mode: 'serial' });
  test.use({ scope: 'file' });

  let page: Page;

  test.beforeAll(async ({ browser }) => {
    page = await browser.newPage();
  });

  test.afterAll(async () => {
    await page.close();
  });

  test('a cart is filled', async () => {
    await page.goto('/product/rubber-tree');
    await page.getByRole('button', { name: 'Add to cart' }).click();
    await expect(page.getByTestId('cart-count')).toHaveText('1');
    await page.goto('/cart');
    await page.getByRole('link', { name: 'Check out' }).click();
    await expect(page).toHaveURL('/checkout/address');
  });

  test('the address is given', async () => {
    await page.getByLabel('Name').fill('Ada Fern');
    await page.getByLabel('Street and number').fill('7 Greenhouse Lane');
    await page.getByLabel('Postcode').fill('1012 AB');
    await page.getByLabel('City').fill('Amsterdam');
    await page.getByRole('button', { name: 'Continue to delivery' }).click();
    await expect(page).toHaveURL('/checkout/delivery');
  });

  test('express delivery is chosen', async () => {
    await page.getByLabel('Express, next day').check();
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await expect(page.getByTestId('total')).toHaveText('€37.80');
  });

  test('the card is charged', async () => {
    await page.getByLabel('Card number').fill('4242 4242 4242 4242');
    await page.getByRole('button', { name: 'Pay €37.80' }).click();
    await expect(page.locator('form [role=alert], .banner')).toContainText('Thank you!');
    await expect(page).toHaveURL(/\/orders\/1043/);
  });

  test('the order is confirmed', async ({}, testInfo) => {
    const thanks = page.getByText('Thank you!');
    await expect(thanks).toContainText('Order #1043');
    await testInfo.attach('confirmation', { body: await thanks.innerText(), contentType: 'text/plain' });
    await page.goto('/orders');
    await expect(page.getByRole('row').nth(1)).toContainText('#1043');
  });
});
