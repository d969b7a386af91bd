import { expect, test } from '../support/test';

test('shows the first twelve products', { tag: '@smoke' }, async ({ catalogue }) => {
  await catalogue.goto();
  await expect(catalogue.total).toHaveText('36 products');
  await expect(catalogue.names).toHaveCount(12);
});

for (const { choice, sorted } of [
  { choice: 'Price, low to high', sorted: (a: number, b: number) => a - b },
  { choice: 'Price, high to low', sorted: (a: number, b: number) => b - a },
]) {
  test(`sorts by ${choice}`, async ({ page, catalogue }) => {
    await catalogue.goto();
    await catalogue.filter('Sort by', choice);
    await expect(page).toHaveURL(/sort=price/);
    await expect(catalogue.prices).toHaveCount(12);
    const cents = await catalogue.cents();
    expect(cents).toEqual([...cents].sort(sorted));
  });
}

test('sorts the best rated first', async ({ catalogue }) => {
  await catalogue.goto({ sort: 'rating' });
  await expect(catalogue.names.first()).toHaveText('Snake Plant');
});

// SHOP-142: names are compared by code unit.
test.fail(
  'sorts names without regard to case',
  { annotation: { type: 'issue', description: 'SHOP-142' } },
  async ({ catalogue }) => {
    await catalogue.goto({ sort: 'name', category: 'Indoor' });
    const names = await catalogue.names.allInnerTexts();
    expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b, 'en')));
  },
);

for (const [category, count] of Object.entries({ Indoor: 10, Succulents: 7, Herbs: 9, Pots: 6, Tools: 4 })) {
  test(`filters ${category}`, async ({ page, catalogue }) => {
    await catalogue.goto();
    await catalogue.filter('Category', category);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(category);
    await expect(catalogue.names).toHaveCount(count);
  });
}

test('combines a category with a highest price', async ({ page, catalogue }) => {
  await catalogue.goto({ category: 'Succulents' });
  await page.getByLabel('Up to €').fill('10');
  await page.getByLabel('Up to €').press('Enter');
  await expect(catalogue.prices).toHaveCount(3);
  for (const cents of await catalogue.cents()) expect(cents).toBeLessThanOrEqual(1000);
});

test('turns the pages to the last one and back', async ({ page, catalogue }) => {
  await catalogue.goto();
  for (const number of ['2', '3']) {
    await page.getByRole('link', { name: 'Next' }).click();
    await expect(page.locator('[aria-current=page]')).toHaveText(number);
  }
  await expect(page.getByRole('link', { name: 'Next' })).toHaveCount(0);
  await page.goBack();
  await expect(page.locator('[aria-current=page]')).toHaveText('2');
});

test('shows the last page for a page number out of range', async ({ page, catalogue }) => {
  await catalogue.goto({ page: '99' });
  await expect(page.locator('[aria-current=page]')).toHaveText('3');
});

test('marks what is sold out', async ({ page, catalogue }) => {
  await catalogue.goto({ category: 'Pots' });
  await expect(page.getByRole('listitem').filter({ hasText: 'Sold out' })).toContainText('Rattan Planter');
});
