/** What only the desktop app shows, with the real app around the page: the double of Electron carries its messages (support/desktop-page.ts). */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test as base } from '@playwright/test';
import { launchApp, type RunningApp } from '../desktop/launch-app.ts';
import { preload, serveApp } from './support/desktop-page.ts';

const test = base.extend<{ app: RunningApp }>({
  app: async ({}, use) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-desktop-'));
    const app = await launchApp({ folder });
    await use(app);
    await app.quit();
    await rm(folder, { recursive: true, force: true });
  },
});

test('the first run, alone: the wizard to its end, then the dashboard of this computer, paused and resumed from its page', async ({
  app,
  page,
}) => {
  test.setTimeout(240_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await preload(page, app);
  const { url, close } = await serveApp(app);
  await page.goto(`${url}/setup`);
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  await page.getByRole('button', { name: /^Start alone/ }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  expect(app.state.ownCoordinator.state).toBe('off');
  await page.getByRole('checkbox', { name: /^I have read this/ }).check();
  await page.getByRole('button', { name: 'Agree and begin' }).click();
  await expect(page.getByRole('heading', { name: 'Ready' })).toBeVisible({ timeout: 120_000 });
  await page.getByRole('button', { name: 'Open the dashboard' }).click();
  // The API and its live stream come through the app, signed in as the owner of this computer.
  await expect(page.locator('[data-live]:visible').first()).toHaveAttribute('data-live', 'live', { timeout: 30_000 });

  await page.goto(`${url}/this-computer`);
  await expect(page.getByRole('heading', { name: 'This computer' })).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('menuitem', { name: 'For an hour' }).click();
  await expect(page.getByRole('button', { name: 'Resume' })).toBeVisible();
  // The tray says the same.
  await expect.poll(() => app.electron.tray.tooltip).toContain('you paused it, until');
  app.electron.choose('Resume');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();

  await page.getByRole('tab', { name: 'App' }).click();
  await page.getByRole('button', { name: 'Open the folder' }).click();
  await expect.poll(() => app.electron.openedFolders).toEqual([path.join(app.folder, 'desktop/logs')]);
  expect(complaints).toEqual([]);
  close();
});

test('in a browser there is no such page', async ({ page, app }) => {
  const { url, close } = await serveApp(app);
  await page.goto(`${url}/this-computer`);
  await expect(page.getByRole('button', { name: 'Pause' })).toHaveCount(0);
  close();
});
