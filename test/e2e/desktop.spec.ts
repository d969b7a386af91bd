/**
 * The desktop app as it is built, in a real Electron: what no double can show. Run by `npm run test:desktop` where a binary is there
 * (electron-binary.ts), which says so where it is not.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { _electron, expect, test as base, type ElectronApplication, type Page } from '@playwright/test';
import { electronBinary } from './electron-binary.ts';

const root = path.resolve(import.meta.dirname, '../..');

const test = base.extend<{ app: ElectronApplication; window: Page }>({
  app: async ({}, use) => {
    const executablePath = electronBinary();
    if (executablePath === null) throw new Error('no Electron binary: name one with ELECTRON_OVERRIDE_DIST_PATH');
    const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-electron-'));
    const app = await _electron.launch({
      executablePath,
      args: [
        path.join(root, 'dist/desktop/main.mjs'),
        `--user-data-dir=${folder}`,
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ],
      env: {
        ...(process.env as Record<string, string>),
        PLAYFLEET_DESKTOP_DATA: folder,
        PLAYFLEET_ALLOW_SYSTEM_BROWSER: 'true',
      },
    });
    await use(app);
    await app.close();
    await rm(folder, { recursive: true, force: true });
  },
  window: async ({ app }, use) => use(await app.firstWindow()),
});

test('begins with the wizard, by its own scheme, with the preload interface and no Node in the page', async ({
  window,
}) => {
  await expect(window).toHaveURL('app://playfleet/setup');
  await expect(window.getByRole('button', { name: 'Begin', exact: true })).toBeVisible();
  expect(
    await window.evaluate(() => [
      'require' in globalThis,
      'process' in globalThis,
      typeof (globalThis as { playfleet?: { state: unknown } }).playfleet?.state,
    ]),
  ).toEqual([false, false, 'function']);
});

test('sandboxes and isolates what it shows, in the running program', async ({ app, window }) => {
  await expect(window).toHaveURL(/^app:/);
  const preferences = await app.evaluate(({ BrowserWindow }) => {
    const { webContents } = BrowserWindow.getAllWindows()[0]!;
    return (webContents as unknown as { getLastWebPreferences(): Record<string, unknown> }).getLastWebPreferences();
  });
  expect(preferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webSecurity: true,
  });
});

test('lets the page open no window, go nowhere else, and frame nothing', async ({ app, window }) => {
  await expect(window).toHaveURL(/^app:/);
  const complaints: string[] = [];
  window.on('console', (message) => complaints.push(message.text()));
  await window.evaluate(() => {
    open('https://evil.example/');
    document.body.append(Object.assign(document.createElement('iframe'), { src: 'https://evil.example/' }));
    location.href = 'https://evil.example/';
  });
  await expect.poll(() => complaints.join()).toMatch(/Content Security Policy/);
  await expect(window).toHaveURL(/^app:/);
  expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
});

test('streams what the coordinator sends, through the scheme: alone, from the wizard to the live dashboard', async ({
  window,
}) => {
  await window.getByRole('button', { name: 'Begin', exact: true }).click();
  await window.getByRole('button', { name: /^Start alone/ }).click();
  await window.getByRole('button', { name: 'Next' }).click();
  await window.getByRole('checkbox', { name: /^I have read this/ }).check();
  await window.getByRole('button', { name: 'Agree and begin' }).click();
  // A machine without a keyring asks first.
  const hold = window.getByRole('button', { name: 'Agree, and keep them until the app ends' });
  await expect(window.getByRole('heading', { name: 'Ready' }).or(hold)).toBeVisible({ timeout: 120_000 });
  if (await hold.isVisible()) {
    await hold.click();
    await expect(window.getByRole('heading', { name: 'Ready' })).toBeVisible({ timeout: 120_000 });
  }
  await window.getByRole('button', { name: 'Open the dashboard' }).click();
  await expect(window.locator('[data-live]:visible').first()).toHaveAttribute('data-live', 'live');
});
