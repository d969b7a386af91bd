import { readFile } from 'node:fs/promises';
import { accounts, expect, test } from '../support/test';

// The hooks prepare one order for all tests of the file, so they run one after another in one Playwright worker.
test.describe.configure({ mode: 'default' });
test.use({ scope: 'file' });

let number: number;

test.beforeAll('place an order', async ({ request }) => {
  await request.post('/api/session', { data: accounts.customer });
  await request.post('/api/cart/items', { data: { slug: 'fiddle-leaf-fig', size: 'M' } });
  await request.post('/api/cart/items', { data: { slug: 'potting-soil-10-l', quantity: 2 } });
  const answer = await request.post('/api/orders', {
    data: {
      address: { name: 'Ada Fern', street: '7 Greenhouse Lane', postcode: '1012 AB', city: 'Amsterdam' },
      card: '4242 4242 4242 4242',
    },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  ({ number } = await answer.json());
  console.log(`placed order ${number}`);
});

test.afterAll('cancel the order', async ({ request }) => {
  await request.post('/api/session', { data: accounts.customer });
  expect(await request.post(`/api/orders/${number}/cancel`, { data: {} })).toBeOK();
});

test('lists the newest order first', { tag: '@smoke' }, async ({ page }) => {
  await page.goto('/orders');
  await expect(page.getByRole('row')).toHaveCount(5);
  await expect(page.getByRole('row').nth(1)).toContainText(`#${number} 4 May 2026 processing`);
});

test('shows lines, address and total', async ({ page, cart }) => {
  await page.goto(`/orders/${number}`);
  await expect(page.getByRole('list', { name: 'Order lines' }).getByRole('listitem')).toHaveText([
    /1 × Fiddle-Leaf Fig.*€65\.00/s,
    /2 × Potting Soil 10 L.*€15\.00/s,
  ]);
  await expect(page.getByText('1012 AB Amsterdam')).toBeVisible();
  await expect(cart.total).toHaveText('€80.00');
});

test('downloads the invoice', { tag: '@download' }, async ({ page }, testInfo) => {
  await page.goto(`/orders/${number}`);
  const starting = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download invoice' }).click();
  const download = await starting;
  expect(download.suggestedFilename()).toBe(`invoice-${number}.csv`);
  const invoice = await readFile(await download.path(), 'utf8');
  await testInfo.attach('invoice.csv', { body: invoice, contentType: 'text/csv' });
  expect(invoice).toMatchSnapshot('invoice.csv');
});

test("does not show another customer's order", { tag: '@security' }, async ({ page }) => {
  await page.context().clearCookies();
  await page.request.post('/api/session', { data: accounts.manager });
  const response = await page.goto(`/orders/${number}`);
  expect(response?.status()).toBe(404);
});
