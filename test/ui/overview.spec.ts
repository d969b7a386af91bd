import { expect, expectAccessible, test } from './support/fixtures.ts';

// Each begins with a run that must have ended, and looks at the page four times over.
test.describe.configure({ timeout: 240_000 });

test.beforeEach(async ({ fleet }) => {
  await fleet.finishedRun();
});

test('shows how the fleet stands, and what failed by its error', async ({ page, fleet }) => {
  await fleet.waitingRun('Waits for the moon');
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'Health' })).toContainText('of 100');
  await expect(page.getByRole('region', { name: 'Workers' })).toContainText('worker-1');
  await expect(page.getByRole('region', { name: 'Queue' })).toContainText('Waits for the moon');
  await expect(page.getByRole('region', { name: 'Recent failures' })).toContainText('toHaveText');
  await expect(page.getByRole('region', { name: 'Flakiest tests' })).toContainText('keeps what was put in');
  await expectAccessible(page);
});

test('a run is started from it, and is seen there while it goes on, without a reload', async ({ page, fleet }) => {
  await fleet.worker();
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'Active runs' })).toBeVisible();
  const cli = fleet.run({ name: 'Seen from the overview' });
  const active = page.getByRole('region', { name: 'Active runs' });
  await expect(active).toContainText('Seen from the overview', { timeout: 60_000 });
  await expect(active.getByRole('progressbar').first()).toBeVisible();
  await cli;
  await expect(active).not.toContainText('Seen from the overview');
  await page.getByRole('button', { name: /Again: #\d+ Seen from the overview/ }).click();
  await expect(page).toHaveURL(/\/runs\/\d+$/);
});

test('its parts are arranged by keyboard, and stay so', async ({ page }) => {
  await page.goto('/');
  const order = () =>
    page.locator('[data-widget]').evaluateAll((all) => all.map((one) => one.getAttribute('data-widget')));
  await expect(page.locator('[data-widget]').first()).toBeVisible();
  const before = await order();
  await page.getByRole('button', { name: 'Arrange' }).click();
  await page.getByRole('button', { name: /^Move Health, now at place 1/ }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('button', { name: /^Move Health, now at place 2/ })).toBeFocused();
  await page.getByRole('button', { name: 'Remove Queue' }).click();
  await page.getByLabel('Width of Workers').selectOption('full width');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.reload();
  await expect(page.locator('[data-widget]').first()).toHaveAttribute('data-widget', 'success');
  expect(await order()).toEqual([...before.slice(1, 2), 'health', ...before.slice(2)].filter((id) => id !== 'queue'));
  await page.getByRole('button', { name: 'Arrange' }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Add a part' }).click();
  await page.getByRole('menuitem', { name: 'Queue' }).click();
  await expect(page.getByRole('region', { name: 'Queue' })).toBeVisible();
  await page.getByRole('button', { name: 'Reset' }).click();
  expect(await order()).toEqual(before);
});
