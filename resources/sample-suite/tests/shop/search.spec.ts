import { expect, test } from '../support/test';

test('suggests plants while typing', { tag: '@smoke' }, async ({ page, header }) => {
  await page.goto('/');
  await header.search.pressSequentially('plant');
  await expect(header.suggestions).toHaveText(['Snake Plant', 'ZZ Plant', 'Rattan Planter']);
});

test('opens a suggestion with the keyboard alone', { tag: '@a11y' }, async ({ page, header }) => {
  await page.goto('/');
  await header.search.fill('jade');
  await expect(header.suggestions).toHaveCount(1);
  await header.search.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/product/jade-tree');
});

for (const { query, found } of [
  { query: 'leaf', found: ['Fiddle-Leaf Fig', 'Flat-Leaf Parsley'] },
  { query: 'CACTUS', found: ['Golden Barrel Cactus'] },
  { query: '  fern ', found: ['Boston Fern'] },
]) {
  test(`finds “${query.trim()}” whatever its case and spaces`, async ({ page, header, catalogue }) => {
    await page.goto('/');
    await header.search.fill(query);
    await header.search.press('Enter');
    await expect(catalogue.names).toHaveText(found);
  });
}

test('says so when nothing matches', async ({ page, catalogue }) => {
  await catalogue.goto({ query: 'orchid' });
  await expect(catalogue.total).toHaveText('0 products');
  await expect(page.getByText('Nothing matches')).toBeVisible();
});

test('shows markup in a query as text', { tag: '@security' }, async ({ page, catalogue }) => {
  await catalogue.goto({ query: '<b id="bold">fern</b>' });
  await expect(page.getByRole('heading', { level: 1 })).toContainText('<b id="bold">fern</b>');
  await expect(page.locator('#bold')).toHaveCount(0);
});

test(
  'finds jalapeño without its tilde',
  { annotation: { type: 'issue', description: 'SHOP-97' } },
  async ({ catalogue }) => {
    test.fail(true, 'SHOP-97: accents are not folded');
    await catalogue.goto({ query: 'jalapeno' });
    expect(await catalogue.total.innerText()).toBe('1 product');
  },
);

test.fixme(
  'remembers the last searches',
  { annotation: { type: 'issue', description: 'SHOP-150' } },
  async ({ page, header }) => {
    await page.goto('/shop?query=fern');
    await header.search.focus();
    await expect(header.suggestions).toHaveText(['fern']);
  },
);
