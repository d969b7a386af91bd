import { expect, test as setup } from '@playwright/test';
import { accounts, stateFile } from '../support/test';

for (const role of ['customer', 'manager'] as const) {
  setup(`sign in as ${role}`, async ({ page }, testInfo) => {
    await page.goto('/sign-in');
    await page.getByLabel('Email').fill(accounts[role].email);
    await page.getByLabel('Password').fill(accounts[role].password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('link', { name: 'Orders', includeHidden: true })).toHaveCount(1);
    await page.context().storageState({ path: stateFile(testInfo, role) });
  });
}
