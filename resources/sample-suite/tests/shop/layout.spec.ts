import { expect, test } from '../support/test';

test('names the build in the footer', { tag: '@smoke' }, async ({ page }) => {
  await page.goto('/');
  await expect(page.getByTestId('build')).toHaveText(`Build ${process.env.SHOP_BUILD}`);
});

test('keeps the menu behind a button', async ({ page, isMobile }) => {
  test.skip(!isMobile, 'Only small screens have the button');
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Orders' })).toBeHidden();
  await page.getByRole('button', { name: 'Menu' }).tap();
  await expect(page.getByRole('link', { name: 'Orders' })).toBeVisible();
});

test('shows the menu at once on a wide screen', async ({ page, isMobile }) => {
  test.skip(isMobile, 'Small screens keep the menu behind a button');
  await page.goto('/');
  await expect(page.getByRole('button', { name: 'Menu' })).toBeHidden();
  await expect(page.getByRole('link', { name: 'Orders' })).toBeVisible();
});

test('has a landmark for each part of the page', { tag: '@a11y' }, async ({ page }) => {
  await page.goto('/cart');
  await expect(page.locator('body')).toMatchAriaSnapshot(`
    - banner:
      - search:
        - searchbox "Search plants"
      - link "Cart, 0 items"
    - main:
      - heading "Your cart is empty" [level=1]
    - contentinfo: /Build/
  `);
});

test('looks like this', async ({ page }, testInfo) => {
  testInfo.annotations.push({ type: 'gallery', description: 'Its picture is shown in the weekly mail' });
  await page.goto('/');
  await expect(page.getByRole('list', { name: 'Favourites' }).getByRole('listitem')).toHaveCount(4);
  await testInfo.attach('home', { body: await page.screenshot(), contentType: 'image/png' });
});
