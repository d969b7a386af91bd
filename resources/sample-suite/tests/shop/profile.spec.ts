import { expect, test } from '../support/test';

test.describe.configure({ mode: 'default' });

test.beforeEach(async ({ page }) => {
  await page.goto('/profile');
});

test('changes the name', { tag: '@smoke' }, async ({ page }) => {
  await page.getByLabel('Name').fill('Ada Lovelace Fern');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await page.goto('/profile');
  await expect(page.getByLabel('Name')).toHaveValue('Ada Lovelace Fern');
});

test('subscribes to the monthly letter', async ({ page }) => {
  const letter = page.getByLabel('Send me the monthly letter');
  await expect(letter).not.toBeChecked();
  await letter.check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await page.goto('/profile');
  await expect(letter).toBeChecked();
});

test('uploads a picture', { tag: '@upload' }, async ({ page }) => {
  await expect(page.getByTestId('avatar')).toHaveText('No picture yet');
  await page
    .getByLabel('Upload a picture')
    .setInputFiles({ name: 'ada.png', mimeType: 'image/png', buffer: Buffer.alloc(2048, 7) });
  await expect(page.getByTestId('avatar')).toHaveText('2048 bytes stored');
});

test('does not let the email be changed', async ({ page }) => {
  await expect(page.getByLabel('Email')).toHaveValue('ada@shop.test');
  await expect(page.getByLabel('Email')).not.toBeEditable();
});
