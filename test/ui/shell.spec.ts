import { PASSWORD } from '../support/people.ts';
import { expect, expectAccessible, live, test } from './support/fixtures.ts';

test.describe('signed out', () => {
  test.use({ as: 'nobody' });

  test('who is not signed in signs in and is back where they were', async ({ page, fleet, complaints }) => {
    complaints.allow(/401/);
    await page.goto('/runs?state=failed');
    await page.getByLabel('E-mail').fill(fleet.people.viewer.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await live(page);
    await expect(page).toHaveURL(`${fleet.url}/runs?state=failed`);
    await expect(page.getByLabel('State')).toHaveValue('failed');
  });

  test('another site is no place to come back to', async ({ page, fleet, complaints }) => {
    complaints.allow(/401/);
    await page.goto('/sign-in?return=//evil.example/x');
    await page.getByLabel('E-mail').fill(fleet.people.viewer.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await live(page);
    await expect(page).toHaveURL(`${fleet.url}/`);
  });
});

test('keys lead everywhere, and are listed', async ({ page, fleet }) => {
  await page.goto('/');
  await live(page);
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(page.getByRole('heading', { name: 'Runs', level: 1 })).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Go to the workers');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.keyboard.press('g');
  await page.keyboard.press('w');
  await expect(page).toHaveURL(`${fleet.url}/workers`);
});

test('the palette finds pages, runs and actions', async ({ page, fleet }) => {
  const { number } = await fleet.waitingRun('Palette target');
  await page.goto('/');
  await live(page);
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Pages, runs, workers, actions').fill('palette target');
  await expect(page.getByRole('option', { name: 'Palette target' })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`${fleet.url}/runs/${number}`);
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Pages, runs, workers, actions').fill('theme dark');
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('German, from the menu, and still after a reload', async ({ page }) => {
  await page.goto('/runs');
  await live(page);
  await page.getByRole('button', { name: 'ada' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Deutsch' }).click();
  await expect(page.getByRole('heading', { name: 'Läufe', level: 1 })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Läufe', level: 1 })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
});

test('signing out leads to sign in', async ({ page, browser, fleet, complaints }) => {
  complaints.allow(/401/);
  // A session of its own: the others go on with theirs.
  const context = await browser.newContext({ baseURL: fleet.url, storageState: { cookies: [], origins: [] } });
  const own = await context.newPage();
  await own.goto('/sign-in');
  await own.getByLabel('E-mail').fill(fleet.people.runner.email);
  await own.getByLabel('Password').fill(PASSWORD);
  await own.getByRole('button', { name: 'Sign in' }).click();
  await live(own);
  await own.getByRole('button', { name: 'remy' }).click();
  await own.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(own).toHaveURL(/\/sign-in/);
  await context.close();
  await page.goto('/');
  await live(page);
});

test('a small screen has its pages under the thumb and the rest in a menu', async ({ page, fleet }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/');
  await live(page);
  await page.getByRole('navigation', { name: 'Pages' }).last().getByRole('link', { name: 'Runs' }).click();
  await expect(page).toHaveURL(`${fleet.url}/runs`);
  await page.getByRole('button', { name: 'Menu' }).last().click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(page).toHaveURL(`${fleet.url}/settings`);
  await expect(page.getByRole('link', { name: 'Settings' })).toBeHidden();
});

test('everybody can use the frame: palette, keys, menu', async ({ page }) => {
  await page.goto('/runs');
  await live(page);
  await page.keyboard.press('Control+k');
  await expect(page.getByPlaceholder('Pages, runs, workers, actions')).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
});
