import { expect, live, test } from './support/fixtures.ts';

test('a coordinator that restarts is noticed, and nothing that happened meanwhile is missed', async ({
  page,
  fleet,
  complaints,
}) => {
  complaints.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_NETWORK/);
  await fleet.waitingRun('Before the restart');
  await page.goto('/runs');
  await live(page);
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await expect(page.getByRole('row', { name: /Before the restart/ })).not.toContainText('cancelled');
  await fleet.stopCoordinator();
  await expect(page.locator('[data-live]:visible').first()).toHaveAttribute('data-live', /reconnecting|polling/);
  await expect(page.getByText(/may be out of date|read anew every few seconds/)).toBeVisible();
  await fleet.restartCoordinator();
  const { items } = await fleet.api<{ items: { id: string }[] }>('GET', '/test-runs?search=Before');
  await fleet.api('POST', `/test-runs/${items[0]?.id}/cancel`, {});
  await fleet.waitingRun('After the restart');
  await live(page);
  await expect(page.getByRole('row', { name: /Before the restart/ })).toContainText('cancelled');
  await expect(page.getByRole('row', { name: /After the restart/ })).toBeVisible();
  expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
});
