import { expect, test } from '../support/test';

/** A return in three steps that the server remembers; the parcel service fails the first try, so the whole group runs again. */
test.describe('returning an order', { tag: '@orders' }, () => {
  test.describe.configure({ mode: 'serial' });
  test.use({ scope: 'file', chaos: 'declined-return' });

  test('a delivered order offers a return', async ({ page }) => {
    await page.goto('/orders/1040');
    await expect(page.getByRole('button', { name: 'Return this order' })).toBeVisible();
  });

  test('the return is accepted', async ({ page }) => {
    await page.goto('/orders/1040');
    const answering = page.waitForResponse('**/return');
    await page.getByRole('button', { name: 'Return this order' }).click();
    const answer = await answering;
    expect(answer.status(), await answer.text()).toBe(200);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Order #1040 returning');
  });

  test('the list shows the return', async ({ page }) => {
    await page.goto('/orders');
    await expect(page.getByRole('row').filter({ hasText: '#1040' })).toContainText('returning');
  });
});
