import { expect, test } from '../support/test';

test('shows picture, price and stock', { tag: '@smoke' }, async ({ page, product }) => {
  await product.goto('monstera-deliciosa');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Monstera Deliciosa');
  await expect(page.getByRole('article').getByRole('img', { name: 'Monstera Deliciosa' })).toBeVisible();
  await expect(product.price).toHaveText('€34.90');
  await expect(page.getByText('14 in stock')).toBeVisible();
});

for (const [size, price] of Object.entries({ S: '€22.50', M: '€28.50', L: '€36.50' })) {
  test(`prices a snake plant of size ${size}`, async ({ page, product }) => {
    await product.goto('snake-plant');
    await page.getByRole('radio', { name: size, exact: true }).check();
    await expect(product.price).toHaveText(price);
  });
}

test('counts what goes into the cart', { tag: ['@smoke', '@cart'] }, async ({ product, header }) => {
  await product.goto('pilea');
  await product.addToCart({ size: 'M', quantity: 3 });
  await expect(header.count).toHaveText('3');
});

test('does not sell what is sold out', async ({ product }) => {
  await product.goto('calathea-orbifolia');
  await expect(product.add).toBeDisabled();
});

test('does not sell more than there is', { tag: '@cart' }, async ({ page, product, header }) => {
  await product.goto('golden-barrel-cactus');
  await page.getByLabel('Quantity').fill('9');
  await product.add.click();
  await expect(product.problem).toHaveText('Only 8 of Golden Barrel Cactus left.');
  await expect(header.count).toHaveText('0');
});

test('shows the reviews of customers', async ({ page, product }) => {
  await product.goto('monstera-deliciosa');
  const reviews = page.getByRole('region', { name: 'Reviews' });
  await expect(reviews).not.toContainText('Loading');
  expect(await reviews.innerText()).toContain('Two new leaves in a month.');
});

test('stays usable when the reviews service is down', async ({ page, product }) => {
  await page.route('**/reviews', (route) => route.fulfill({ status: 503, json: { error: 'down' } }));
  await product.goto('monstera-deliciosa');
  await expect(page.getByText('Reviews are not available right now.')).toBeVisible();
  await expect(product.add).toBeEnabled();
});

test('explains that a plant does not exist', async ({ page }) => {
  const response = await page.goto('/product/triffid');
  expect(response?.status()).toBe(404);
  await expect(page.getByRole('alert')).toHaveText('We do not sell this plant any more.');
});

test.describe('price from the cache', () => {
  test.use({ chaos: 'stale-price' });

  test('shows the price of today', async ({ product }) => {
    await product.goto('aloe-vera');
    expect(await product.price.innerText()).toBe('€9.90');
  });
});

test.describe('third-party scripts', () => {
  test.use({ chaos: 'script-error' });

  test('throw nothing on a product page', async ({ page, product, pageErrors: _ }) => {
    page.on('pageerror', (error) => console.error(`page error: ${error.message}`));
    await product.goto('echeveria');
    await expect(product.price).toHaveText('€7.90');
  });
});

test.describe('slow backend', () => {
  test.use({ chaos: 'hang' });

  test('adds to the cart all the same', { tag: '@cart' }, async ({ product }, testInfo) => {
    await product.goto('haworthia');
    // The first answer never comes; there is no point in waiting for it as long as for a real one.
    if (testInfo.retry === 0) test.setTimeout(3_000);
    await product.addToCart();
  });
});

test.skip(
  'zooms into the picture',
  { annotation: { type: 'issue', description: 'SHOP-131' } },
  async ({ page, product }) => {
    await product.goto('pilea');
    await page.getByRole('img', { name: 'Pilea' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
  },
);
