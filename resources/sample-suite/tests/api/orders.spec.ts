import { expect, test } from '../support/test';
import { address, attachJson, card, signIn } from '../support/api';

// Parallel tests with a hook: every Playwright worker that runs some of them prepares the account anew.
test.describe('orders', { tag: ['@api', '@orders'] }, () => {
  let seeded: number[];

  test.beforeAll('read the orders that a shop starts with', async ({ request }) => {
    await signIn(request, 'customer');
    const orders = await (await request.get('/api/orders')).json();
    seeded = orders.map((order: { number: number }) => order.number);
    expect(seeded).toEqual([1042, 1041, 1040]);
  });

  test.beforeEach(async ({ request }) => {
    await signIn(request, 'customer');
  });

  test('places an order and takes it from the stock', { tag: '@smoke' }, async ({ request }, testInfo) => {
    await request.post('/api/cart/items', { data: { slug: 'watering-can', quantity: 4 } });
    const answer = await request.post('/api/orders', { data: { address, card, delivery: 'pickup' } });
    expect(answer.status(), await answer.text()).toBe(201);
    const order = await answer.json();
    await attachJson(testInfo, 'order.json', order);
    expect(order).toMatchObject({
      number: 1043,
      state: 'processing',
      totals: { subtotal: 9800, shipping: 0, total: 9800 },
    });
    expect(await (await request.get('/api/products/watering-can')).json()).toMatchObject({ stock: 25 });
    expect(await (await request.get('/api/cart')).json()).toMatchObject({ count: 0 });
  });

  for (const { what, change, status } of [
    { what: 'an address without a number', change: { address: { ...address, street: 'Lane' } }, status: 422 },
    { what: 'an unknown delivery', change: { delivery: 'pigeon' }, status: 422 },
    { what: 'a declined card', change: { card: '4000 0000 0000 0002' }, status: 402 },
  ]) {
    test(`refuses ${what}`, async ({ request }) => {
      await request.post('/api/cart/items', { data: { slug: 'mint' } });
      const answer = await request.post('/api/orders', { data: { address, card, ...change } });
      expect(answer.status()).toBe(status);
    });
  }

  test('refuses an empty cart', async ({ request }) => {
    expect((await request.post('/api/orders', { data: { address, card } })).status()).toBe(409);
  });

  test('cancels an order once', async ({ request }) => {
    const cancelling = () => request.post('/api/orders/1042/cancel', { data: {} });
    expect(await (await cancelling()).json()).toMatchObject({ state: 'cancelled' });
    expect((await cancelling()).status()).toBe(409);
  });

  test('takes back delivered orders only', async ({ request }) => {
    const [newest, , oldest] = seeded;
    expect((await request.post(`/api/orders/${newest}/return`, { data: {} })).status()).toBe(409);
    expect(await request.post(`/api/orders/${oldest}/return`, { data: {} })).toBeOK();
  });

  test('hides the orders of others', { tag: '@security' }, async ({ request }) => {
    await signIn(request, 'manager');
    expect((await request.get('/api/orders/1040')).status()).toBe(404);
    await request.delete('/api/session');
    expect((await request.get('/api/orders')).status()).toBe(401);
  });
});

test.describe('a busy till', { tag: ['@api', '@orders'] }, () => {
  test.use({ chaos: 'busy' });

  test('takes the order', async ({ request }, testInfo) => {
    await signIn(request, 'customer');
    await request.post('/api/cart/items', { data: { slug: 'mint' } });
    const answer = await request.post('/api/orders', { data: { address, card } });
    console.log(`attempt ${testInfo.retry + 1}: ${answer.status()} ${answer.statusText()}`);
    expect(answer.status(), await answer.text()).toBe(201);
  });
});
