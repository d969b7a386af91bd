/** Settings → Backups: taken, fetched, checked by the command, deleted, scheduled, encrypted, and said where it fails. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { ended } from '../../scripts/programs.ts';
import type { Fleet } from './support/fleet.ts';
import { expect, expectAccessible, live, test as base } from './support/fixtures.ts';

const TAB = '/settings?tab=backups';

const test = base.extend<{ folder: string }>({
  folder: async ({}, use) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-backups-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true });
  },
});

const backups = (page: Page) =>
  page
    .getByRole('table', { name: 'Backups' })
    .getByRole('row')
    .filter({ hasText: /T\d{6}Z/ });

/** Takes one, waits for it, and answers the file that the browser has got. */
async function takeAndFetch(page: Page, folder: string): Promise<string> {
  const before = await backups(page).count();
  await page.getByRole('button', { name: 'Take a backup now' }).press('Enter');
  await expect(page.getByText('A backup is being taken.')).toBeVisible();
  await expect(backups(page)).toHaveCount(before + 1, { timeout: 60_000 });
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    backups(page).first().getByRole('link').click(),
  ]);
  const file = path.join(folder, download.suggestedFilename());
  await download.saveAs(file);
  return file;
}

/** As anybody would who has been given the file. */
async function verify(fleet: Fleet, file: string, args: string[] = []): Promise<{ code: number; said: string }> {
  const cli = fleet.programs.start(['backup', 'verify', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [cli.stdout, cli.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { code: await ended(cli), said };
}

test('one is taken now, fetched, checked and deleted', async ({ page, fleet, folder }) => {
  await page.goto(TAB);
  await live(page);
  await expect(page.getByRole('heading', { name: 'No backup yet' })).toBeVisible();
  await expect(page.getByText('None is taken by itself')).toBeVisible();
  await expectAccessible(page);
  const file = await takeAndFetch(page, folder);
  await expect(page.getByText(/The last good one: now/)).toBeVisible();
  const attempt = page.getByRole('table', { name: 'The last tries' }).getByRole('row').nth(1);
  await expect(attempt).toContainText('done');
  await expect(attempt).toContainText('ada');
  const name = path.basename(file, '.tar');
  await expect(page.getByText(`playfleet restore ${name}.tar --into playfleet-data`)).toBeVisible();
  await expect(page.getByText(`playfleet backup verify ${name}.tar`)).toBeVisible();
  expect(await verify(fleet, file)).toMatchObject({ code: 0, said: expect.stringContaining('It can be restored') });
  await expectAccessible(page);
  await page.getByRole('button', { name: `Delete: ${name}` }).press('Enter');
  await expect(page.getByRole('alertdialog')).toContainText('It cannot be restored any more.');
  await expectAccessible(page);
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).press('Enter');
  await expect(page.getByRole('heading', { name: 'No backup yet' })).toBeVisible();
});

test('the schedule stands on the page: a bad value is refused at its field, a good one says when the next is due', async ({
  page,
  fleet,
  complaints,
}) => {
  complaints.allow(/422/);
  await page.goto(TAB);
  await live(page);
  const time = page.getByLabel('backup_time');
  await time.fill('25:00');
  await time.press('Enter');
  await expect(page.getByText('must be a time of day, as in 03:00')).toBeVisible();
  await expect(time).toHaveAttribute('aria-invalid', 'true');
  await expectAccessible(page);
  await time.press('Escape');
  const zone = page.getByLabel('backup_zone');
  await zone.fill('Moon/Base');
  await zone.press('Enter');
  await expect(page.getByText('must be a time zone, as in Europe/Berlin')).toBeVisible();
  await zone.press('Escape');
  const keep = page.getByLabel('backup_keep_daily');
  await keep.fill('0');
  await expect(page.getByText('must be at least 1')).toBeVisible();
  await keep.press('Escape');
  await page.getByLabel('backup_schedule').selectOption('weekly');
  await expect(page.getByText(/The next one: .*2\d{3}/)).toBeVisible();
  await fleet.api('PUT', '/settings', { backup_schedule: null });
  await expect(page.getByText('None is taken by itself')).toBeVisible();
});

test('an encrypted one says so, and opens by its passphrase alone', async ({ page, fleet, folder }) => {
  // Sealing and opening cost time on purpose.
  test.setTimeout(240_000);
  await page.goto(TAB);
  await live(page);
  const field = page.getByLabel('backup_passphrase');
  await field.fill('kettles sing at noon');
  await field.press('Enter');
  await expect(page.getByText('Set by ada').last()).toBeVisible();
  expect(await page.content()).not.toContain('kettles sing at noon');
  const file = await takeAndFetch(page, folder);
  await expect(backups(page).first()).toContainText('yes, with the keys');
  const phrase = path.join(folder, 'phrase.txt');
  await writeFile(phrase, 'kettles sing at noon\n');
  expect(await verify(fleet, file, ['--passphrase-file', phrase])).toMatchObject({ code: 0 });
  await writeFile(phrase, 'not that one at all\n');
  expect(await verify(fleet, file, ['--passphrase-file', phrase])).toMatchObject({ code: 2 });
  await expectAccessible(page);
  await fleet.api('PUT', '/settings', { backup_passphrase: null });
});

test('one that fails says why, on the page where it was asked for', async ({ page, fleet, folder }) => {
  const notAFolder = path.join(folder, 'file');
  await writeFile(notAFolder, '');
  await fleet.api('PUT', '/settings', { backup_folder: path.join(notAFolder, 'backups') });
  await page.goto(TAB);
  await live(page);
  await page.getByRole('button', { name: 'Take a backup now' }).press('Enter');
  await expect(page.getByRole('alert').getByText(/The last backup failed \(.+Z\): .*/)).toBeVisible({
    timeout: 60_000,
  });
  await expectAccessible(page);
  await fleet.api('PUT', '/settings', { backup_folder: null });
});
