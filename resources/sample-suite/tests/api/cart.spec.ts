import { expect, test } from '../support/test';
import { attachJson, signIn } from '../support/api';

test.describe('cart', { tag: ['@api', '@cart'] }, () => {
  test('answers the cart after each change', { tag: '@smoke' }, async ({ request }, testInfo) => {
    const added = await (await request.post('/api/cart/items', { data: { slug: 'mint', quantity: 2 } })).json();
    expect(added).toMatchObject({ count: 2, totals: { subtotal: 740, shipping: 490, total: 1230 } });
    const changed = await (await request.patch('/api/cart/items/mint:S', { data: { quantity: 5 } })).json();
    expect(changed.count).toBe(5);
    await attachJson(testInfo, 'cart.json', changed);
    const emptied = await (await request.delete('/api/cart/items/mint:S')).json();
    expect(emptied).toMatchObject({ count: 0, totals: { total: 0 } });
  });

  for (const quantity of [0, -1, 1.5, 'two']) {
    test(`refuses the quantity ${quantity}`, async ({ request }) => {
      const answer = await request.post('/api/cart/items', { data: { slug: 'mint', quantity } });
      expect(answer.status()).toBe(422);
      expect((await answer.json()).error).toContain('quantity must be a whole number');
    });
  }

  test('refuses a size that a pot does not have', async ({ request }) => {
    const answer = await request.post('/api/cart/items', { data: { slug: 'glazed-bowl', size: 'L' } });
    expect(await answer.json()).toEqual({ error: 'size must be one of S.' });
  });

  test('refuses more than the stock', async ({ request }) => {
    const answer = await request.post('/api/cart/items', { data: { slug: 'golden-barrel-cactus', quantity: 9 } });
    expect(answer.status()).toBe(409);
  });

  test('answers 404 to a line that is not there', async ({ request }) => {
    expect((await request.delete('/api/cart/items/mint:S')).status()).toBe(404);
  });

  test('keeps the carts of two accounts apart', async ({ request }) => {
    await signIn(request, 'customer');
    await request.post('/api/cart/items', { data: { slug: 'mint' } });
    await signIn(request, 'manager');
    expect(await (await request.get('/api/cart')).json()).toMatchObject({ count: 0 });
    await signIn(request, 'customer');
    expect(await (await request.get('/api/cart')).json()).toMatchObject({ count: 1 });
  });
});
