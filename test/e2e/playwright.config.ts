import { defineConfig } from '@playwright/test';

/** The desktop app in a real Electron: where there is a screen, or under xvfb. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  timeout: 180_000,
  expect: { timeout: 30_000 },
  workers: 1,
  retries: 0,
  forbidOnly: true,
  outputDir: '../../test-results/e2e',
});
