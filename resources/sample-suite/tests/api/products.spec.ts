import { expect, test } from '../support/test';
import { signIn } from '../support/api';

test.describe('products', { tag: '@api' }, () => {
  test('tells its name and build', { tag: '@smoke' }, async ({ request }) => {
    const health = await (await request.get('/api/health')).json();
    expect(health).toEqual({ name: 'Fern & Fig', build: process.env.SHOP_BUILD });
  });

  for (const { page, first, items } of [
    { page: 1, first: 'Monstera Deliciosa', items: 12 },
    { page: 3, first: 'Oregano', items: 12 },
    { page: 7, first: 'Oregano', items: 12 },
  ]) {
    test(`answers page ${page} of the list`, async ({ request }) => {
      const list = await (await request.get('/api/products', { params: { page } })).json();
      expect(list).toMatchObject({ total: 36, pages: 3 });
      expect(list.items).toHaveLength(items);
      expect(list.items[0].name).toBe(first);
    });
  }

  test('names the sortings that it knows', async ({ request }) => {
    const answer = await request.get('/api/products?sort=colour');
    expect(answer.status()).toBe(422);
    expect(await answer.json()).toEqual({
      error: 'sort must be one of featured, price-asc, price-desc, rating, name.',
    });
  });

  test('describes one product', async ({ request }) => {
    const product = await (await request.get('/api/products/basil')).json();
    expect(product).toEqual({
      slug: 'basil',
      name: 'Basil',
      category: 'Herbs',
      cents: 350,
      rating: 4.6,
      sizes: ['S', 'M', 'L'],
      stock: 80,
    });
  });

  for (const path of ['/api/products/triffid', '/api/nothing', '/api/products/triffid/reviews']) {
    test(`answers 404 to ${path}`, async ({ request }) => {
      const answer = await request.get(path);
      expect(answer.status()).toBe(404);
      expect(await answer.json()).toHaveProperty('error');
    });
  }

  test('suggests at most five names', async ({ request }) => {
    const names = await (await request.get('/api/suggestions?query=o')).json();
    expect(names).toHaveLength(5);
    expect(await (await request.get('/api/suggestions?query=')).json()).toEqual([]);
  });

  test('adds a review with the name of its author', async ({ request }) => {
    await signIn(request, 'customer');
    const answer = await request.post('/api/products/sage/reviews', {
      data: { stars: 4, text: 'Smells like summer.' },
    });
    expect(answer.status(), await answer.text()).toBe(201);
    expect(await answer.json()).toEqual({ author: 'Ada Fern', stars: 4, text: 'Smells like summer.' });
  });

  for (const stars of [0, 6, 4.5]) {
    test(`refuses a review of ${stars} stars`, async ({ request }) => {
      await signIn(request, 'customer');
      const answer = await request.post('/api/products/sage/reviews', { data: { stars } });
      expect(answer.status()).toBe(422);
    });
  }
});
