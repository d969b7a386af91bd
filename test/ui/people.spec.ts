import { expect, expectAccessible, live, test } from './support/fixtures.ts';

test('somebody is invited, by keys alone; the link is shown once and works', async ({ page, fleet, browser }) => {
  await page.goto('/people');
  await live(page);
  await page.getByRole('button', { name: 'Invite somebody' }).press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('E-mail').press('Control+A');
  await page.keyboard.type('kim@example.com');
  await dialog.getByLabel('Role').selectOption('maintainer');
  await dialog.getByLabel('E-mail').press('Enter');
  const link = await dialog.locator('pre').innerText();
  expect(link).toContain('/invitation#');
  await expect(dialog.getByRole('img', { name: 'QR code of the link' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await page.getByRole('tab', { name: 'Open invitations' }).click();
  await expect(page.getByRole('row', { name: /kim@example.com/ })).toContainText('maintainer');
  const other = await browser.newContext();
  const theirs = await other.newPage();
  await theirs.goto(link);
  await expect(theirs.getByLabel(/password/i).first()).toBeVisible();
  await other.close();
  await page.getByRole('button', { name: 'Withdraw: kim@example.com' }).click();
  await expect(page.getByRole('heading', { name: 'Nobody is invited' })).toBeVisible();
  expect(await fleet.api('GET', '/people/invitations')).toMatchObject({ items: [] });
});

test('roles are changed with a way back, and admin actions say what follows', async ({ page, fleet }) => {
  await page.goto('/people?tab=teams');
  await live(page);
  const role = page.getByLabel('Role: vera');
  await expect(role).toHaveValue('viewer');
  await role.selectOption('runner');
  await expect(page.getByText('vera is runner in default now')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(role).toHaveValue('viewer');
  await page.getByRole('tab', { name: 'People' }).click();
  await page.getByRole('button', { name: 'remy' }).click();
  await page.getByRole('menuitem', { name: 'Make a link for a new password' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make a link for a new password' }).click();
  await expect(page.getByRole('dialog').locator('pre')).toContainText(`${fleet.url}/reset-password#`);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'remy' }).click();
  await page.getByRole('menuitem', { name: 'Remove the account' }).click();
  await expect(page.getByRole('alertdialog')).toContainText('There is no way back');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Back' }).click();
  await expect(page.getByRole('row', { name: /remy/ })).toBeVisible();
});

test('the audit log is filtered, checked and exported', async ({ page }) => {
  await page.goto('/audit?action=person.joined');
  await live(page);
  await expect(page.getByRole('row', { name: /ada@example.com/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /session.opened/ })).toBeHidden();
  await page.getByRole('button', { name: 'Check the chain' }).click();
  await expect(page.getByText(/The chain holds: all \d+ entries/)).toBeVisible();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click(),
  ]);
  expect(file.suggestedFilename()).toBe('playfleet-audit.jsonl');
});

test('people, teams and the audit log are accessible in both themes and sizes', async ({ page }) => {
  for (const address of ['/people', '/people?tab=teams', '/audit']) {
    await page.goto(address);
    await live(page);
    await expect(page.getByText(/ada/).first()).toBeAttached();
    await expectAccessible(page);
  }
});

test.describe('a viewer', () => {
  test.use({ as: 'viewer' });
  test('is told whose these pages are', async ({ page }) => {
    await page.goto('/people');
    await expect(page.getByRole('heading', { name: 'People are managed by maintainers and admins' })).toBeVisible();
    await page.goto('/audit');
    await expect(page.getByRole('heading', { name: 'The audit log is for admins' })).toBeVisible();
    await page.goto('/settings');
    await expect(page.getByRole('heading', { name: 'Settings are for maintainers and admins' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'your account' })).toHaveAttribute('href', '/account');
  });
});
