import { expect, expectAccessible, live, test } from './support/fixtures.ts';

test('a setting is found, checked, changed, put back to its default, and says who did it', async ({ page }) => {
  await page.goto('/settings');
  await live(page);
  await page.keyboard.press('/');
  await page.keyboard.type('max_parallel_test_runs');
  const field = page.getByLabel('max_parallel_test_runs');
  await field.fill('0');
  await expect(page.getByText('must be at least 1')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled();
  await field.fill('12');
  await field.press('Enter');
  await expect(page.getByText('Set by ada')).toBeVisible();
  await page.getByRole('button', { name: 'Back to the default' }).click();
  await expect(field).toHaveValue('10');
  await expect(page.getByText('Set by ada')).toBeHidden();
});

test('what the coordinator refuses is said at the field', async ({ page, complaints }) => {
  complaints.allow(/422/);
  await page.goto('/settings?filter=smtp_from');
  await live(page);
  const field = page.getByLabel('smtp_from');
  await field.fill('nobody');
  await field.press('Enter');
  await expect(page.getByText('must be a mail address')).toBeVisible();
});

test('a secret is set and never shown again', async ({ page, fleet }) => {
  await fleet.waitingRun('For its project');
  await page.goto('/settings?tab=secrets');
  await live(page);
  await page.getByRole('button', { name: 'Set a secret' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('SHOP_PASSWORD');
  await dialog.getByLabel('Value').fill('very secret indeed');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('row', { name: /SHOP_PASSWORD/ })).toContainText('ada');
  expect(await page.content()).not.toContain('very secret indeed');
  await page.getByRole('button', { name: 'Delete: SHOP_PASSWORD' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('row', { name: /SHOP_PASSWORD/ })).toBeHidden();
});

test('a token is shown once, works, and is revoked', async ({ page, fleet }) => {
  await page.goto('/settings?tab=tokens');
  await live(page);
  await page.getByRole('button', { name: 'Make a token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What it is for').fill('nightly job');
  await dialog.getByRole('button', { name: 'Make a token' }).click();
  const token = await dialog.locator('pre').first().innerText();
  const me = () => fetch(`${fleet.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } });
  expect(await (await me()).json()).toMatchObject({ name: 'nightly job', role: 'runner' });
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Revoke: nightly job' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByRole('row', { name: /nightly job/ })).toBeHidden();
  expect((await me()).status).toBe(401);
});

test('caps and rules are added, with what is wrong said at the field', async ({ page, complaints }) => {
  complaints.allow(/422/);
  await page.goto('/settings?tab=scheduling');
  await live(page);
  await page.getByRole('button', { name: 'Add: Cap' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('At most').fill('3');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText('a cap is for one of them')).toBeVisible();
  await dialog.getByLabel('Tag of runs').fill('nightly');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('tag nightly ≤ 3')).toBeVisible();
});

test('all views of settings are accessible in both themes and sizes', async ({ page }) => {
  for (const tab of ['settings', 'scheduling', 'secrets', 'tokens']) {
    await page.goto(`/settings?tab=${tab}`);
    await live(page);
    await expect(page.getByRole('tabpanel')).toBeVisible();
    await expectAccessible(page);
  }
});
