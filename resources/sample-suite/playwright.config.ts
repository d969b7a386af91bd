import { defineConfig, devices } from '@playwright/test';
import type { ShopOptions } from './tests/support/test';

/** Processes that run side by side on one machine each get a port of their own, and with it a shop of their own. */
const port = Number(process.env.PLAYFLEET_PORT ?? 4173);
const baseURL = `http://127.0.0.1:${port}`;

export default defineConfig<ShopOptions>({
  testDir: './tests',
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  retries: 1,
  timeout: 30_000,
  globalSetup: './tests/support/global-setup.ts',
  reporter: [['list'], ['html', { open: 'never' }]],
  // No platform in the name: the visual tests compare pictures without text, which are the same everywhere.
  snapshotPathTemplate: '{testDir}/__snapshots__/{testFilePath}/{arg}-{projectName}{ext}',
  expect: { timeout: 10_000, toHaveScreenshot: { maxDiffPixelRatio: 0.02 } },
  use: {
    baseURL,
    locale: 'en-GB',
    timezoneId: 'Europe/Amsterdam',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    video: 'on-first-retry',
  },
  projects: [
    { name: 'setup', testMatch: 'setup/*.setup.ts' },
    { name: 'api', testMatch: 'api/*.spec.ts', use: { role: 'guest' } },
    {
      name: 'desktop',
      testMatch: 'shop/*.spec.ts',
      dependencies: ['setup'],
      use: { ...devices['Desktop Chrome'] },
    },
    {
      name: 'mobile',
      // What a small screen or a finger could break.
      testMatch: /shop.(checkout|layout|returns|search|visual)\.spec\.ts/,
      dependencies: ['setup'],
      // A whole device scale factor keeps screenshots exact to the pixel.
      use: { ...devices['Pixel 7'], deviceScaleFactor: 2 },
    },
  ],
  webServer: {
    command: `node server/main.mjs ${port}`,
    url: `${baseURL}/api/health`,
    reuseExistingServer: false,
    stderr: 'pipe',
    timeout: 30_000,
  },
});
