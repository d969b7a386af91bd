import { readFile } from 'node:fs/promises';
import { expect, expectAccessible, test } from './support/fixtures.ts';

// Each begins with a run that must have ended, and looks at the page four times over.
test.describe.configure({ timeout: 240_000 });

test.beforeEach(async ({ fleet }) => {
  await fleet.finishedRun();
});

test('each chart says what it shows, and is a table and a file as well', async ({ page }) => {
  await page.goto('/analytics?range=7d');
  const titles = [
    'Duration of runs',
    'Success rate',
    '10 slowest tests',
    '10 flakiest tests',
    'Use of workers by hour',
    'Spread of the work',
    'Failure patterns',
  ];
  for (const title of titles) {
    await expect(page.getByRole('img', { name: new RegExp(`^${title}\\. .+`) })).toBeVisible();
  }
  await expect(page.locator('canvas').first()).toBeVisible();
  await expectAccessible(page);

  await page.getByRole('button', { name: '10 slowest tests: as a table' }).click();
  await expect(page).toHaveURL(/tables=slowest/);
  const table = page.getByRole('region', { name: '10 slowest tests' }).getByRole('table');
  await expect(table.getByRole('link', { name: 'shows the price' })).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: '10 slowest tests: download as CSV' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('slowest.csv');
  const [head = '', ...rows] = (await readFile(await file.path(), 'utf8'))
    .replace('\uFEFF', '')
    .trimEnd()
    .split('\r\n');
  expect(head).toBe('test,project,file,mean,p95,runs');
  expect(rows.some((row) => row.startsWith('shows the price,shop · desktop,'))).toBe(true);
  await page.reload();
  await expect(table).toBeVisible();
});

test('a time in which nothing ran says what is needed', async ({ page }) => {
  await page.goto('/analytics?range=own&from=2026-01-01&to=2026-01-02');
  await expect(page.getByText('No run ended in this time. A first one:').first()).toBeVisible();
  await expect(page.getByText('No failures in this time.')).toBeVisible();
  await expectAccessible(page);
});
