import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Page } from '@playwright/test';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { expect, expectAccessible, live, test } from './support/fixtures.ts';
import type { Fleet } from './support/fleet.ts';

/** The worker, once it has joined: starting its programs takes a while. */
async function online(fleet: Fleet, name: string): Promise<Worker> {
  await fleet.worker(name);
  let found: Worker | undefined;
  await expect(async () => {
    const { items } = await fleet.api<{ items: Worker[] }>('GET', '/workers');
    found = items.find(({ hostname, status }) => hostname === name && status !== 'offline');
    expect(found).toBeDefined();
  }).toPass({ timeout: 60_000 });
  return found!;
}

const row = (page: Page, name: string) => page.getByRole('row', { name: new RegExp(name) });

test('a machine joins by the line that is shown, and the dialog says so by itself', async ({ page, fleet }) => {
  await page.goto('/workers');
  await live(page);
  await page.getByRole('button', { name: 'Add a worker' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Slots').fill('1');
  await dialog.getByLabel('Tags').fill('pasted');
  await dialog.getByRole('button', { name: 'Make the line' }).click();
  await expect(dialog.getByRole('img', { name: 'QR code of the join link' })).toBeVisible();
  const line = await dialog.locator('pre').innerText();
  expect(line).toMatch(/^playfleet worker --join '.+#pfj_.+' --slots 1 --tags pasted$/);
  await expect(dialog.getByText('Waiting for the machine')).toBeVisible();
  // What a shell makes of the line, with a name and a folder of its own beside it.
  const words = line.replaceAll("'", '').split(' ').slice(1);
  const data = await mkdtemp(path.join(os.tmpdir(), 'playfleet-ui-joins-'));
  const program = path.join(import.meta.dirname, '../../dist/playfleet.mjs');
  const extra = ['--name', 'joins-by-line', '--data', data, '--allow-system-browser', '--log-level', 'error'];
  const worker = spawn(process.execPath, [program, ...words, ...extra], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await expect(dialog.getByRole('heading', { name: 'joins-by-line has joined' })).toBeVisible({ timeout: 60_000 });
    await dialog.getByRole('link', { name: 'Open' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'joins-by-line' })).toBeVisible();
    await expect(page.getByText('Idle').first()).toBeVisible();

    // What people make of its tags, and what it says itself, are both shown.
    await page.getByRole('tab', { name: 'Settings' }).click();
    await page.getByLabel('Tags', { exact: true }).fill('given');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('The machine says of itself: pasted.')).toBeVisible();
    await page.getByRole('tab', { name: 'Now' }).click();
    await expect(page.getByText('Own tags of the machine')).toBeVisible();

    // Killed, it is shown as offline within seconds.
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    await expect(page.getByText('Offline').first()).toBeVisible({ timeout: 30_000 });

    // Revoked: asked for with its consequences, then gone.
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    const question = page.getByRole('alertdialog', { name: 'Remove joins-by-line?' });
    await expect(question).toContainText('goes back to the queue');
    await question.getByRole('button', { name: 'Remove' }).click();
    await expect(page).toHaveURL(`${fleet.url}/workers`);
    await expect(row(page, 'joins-by-line')).toBeHidden();
  } finally {
    worker.kill('SIGKILL');
  }
});

test('a worker is paused while a run works, with a way back, and the run goes on', async ({ page, fleet }) => {
  await online(fleet, 'worker-1');
  await page.goto('/workers');
  await live(page);
  const run = fleet.run({ name: 'Paused meanwhile' });
  await expect(row(page, 'worker-1')).toContainText('Busy', { timeout: 60_000 });
  await row(page, 'worker-1').getByRole('link', { name: 'worker-1' }).click();
  await expect(page.getByRole('link', { name: /Paused meanwhile/ }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(page.getByText('It takes nothing new until it is resumed.')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
  expect((await run).status).toBe('completed');
  await page.getByRole('tab', { name: 'Tasks' }).click();
  await expect(row(page, 'Paused meanwhile').first()).toContainText('completed');
});

test('several are changed at once, and put back with one click', async ({ page, fleet }) => {
  await online(fleet, 'worker-1');
  await online(fleet, 'worker-2');
  await page.goto('/workers');
  await live(page);
  await page.getByRole('checkbox', { name: /worker-1/ }).check();
  await page.getByRole('checkbox', { name: /worker-2/ }).check();
  const bar = page.getByRole('toolbar', { name: 'Do with the selected' });
  await bar.getByRole('button', { name: 'Add tags' }).click();
  await page.getByRole('dialog').getByLabel('Tags').fill('night-shift');
  await page.getByRole('dialog').getByRole('button', { name: 'Add tags' }).click();
  await expect(row(page, 'worker-2')).toContainText('night-shift');
  await bar.getByRole('button', { name: 'Drain' }).click();
  await expect(row(page, 'worker-1')).toContainText('Draining');
  await expect(row(page, 'worker-2')).toContainText('Draining');
  // One note for the tags, one before it for draining.
  await expect(page.getByRole('button', { name: 'Undo' })).toHaveCount(2);
  await page.getByRole('button', { name: 'Undo' }).first().click();
  await expect(row(page, 'worker-1')).toContainText('Idle');
  const { items } = await fleet.api<{ items: Worker[] }>('GET', '/workers');
  expect(items.map(({ intent }) => intent)).toEqual(items.map(() => 'active'));
});

test('the list is filtered by its language, by keys alone, and the address holds the filter', async ({
  page,
  fleet,
}) => {
  await online(fleet, 'worker-1');
  await online(fleet, 'worker-2');
  await page.goto('/workers');
  await live(page);
  await expect(row(page, 'worker-2')).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('is:online !worker-2 sky:blue');
  await expect(row(page, 'worker-2')).toBeHidden();
  await expect(row(page, 'worker-1')).toBeVisible();
  await expect(page.getByText('Not understood: sky:blue')).toBeVisible();
  await expect(page).toHaveURL(/filter=is%3Aonline/);
  await page.keyboard.press('Tab');
  await page.locator('h1').click();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'worker-1' })).toBeVisible();
});

test('map and hardware say how many slots there are', async ({ page, fleet }) => {
  await online(fleet, 'worker-1');
  await page.goto('/workers?view=map');
  await expect(page.getByRole('img', { name: /of 2 slots busy/ }).first()).toBeVisible();
  await page.getByRole('tab', { name: 'Hardware' }).click();
  await expect(page.getByRole('row', { name: /Chromium/ })).toContainText('free');
});

test('all views of workers are accessible in both themes and sizes', async ({ page, fleet }) => {
  await fleet.finishedRun();
  const { items } = await fleet.api<{ items: Worker[] }>('GET', '/workers');
  for (const address of [
    '/workers',
    '/workers?view=map',
    `/workers/${items[0]!.id}`,
    `/workers/${items[0]!.id}?tab=history`,
  ]) {
    await page.goto(address);
    await live(page);
    await expect(page.getByRole('tabpanel')).toBeVisible();
    await expectAccessible(page);
  }
});

test('a worker that is not there says so', async ({ page, complaints }) => {
  complaints.allow(/404/);
  await page.goto('/workers/nobody');
  await expect(page.getByRole('heading', { level: 1, name: 'There is no such worker' })).toBeVisible();
});

test.describe('a viewer', () => {
  test.use({ as: 'viewer' });
  test('sees all and is offered nothing that would be refused', async ({ page, fleet }) => {
    await online(fleet, 'worker-1');
    await page.goto('/workers');
    await live(page);
    await expect(row(page, 'worker-1')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Add a worker' })).toBeHidden();
    await expect(page.getByRole('checkbox')).toHaveCount(0);
    await row(page, 'worker-1').getByRole('link').first().click();
    await expect(page.getByRole('heading', { level: 1, name: 'worker-1' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeHidden();
    await page.getByRole('tab', { name: 'Settings' }).click();
    await expect(page.getByText('Shared workers are changed by maintainers')).toBeVisible();
  });
});

test('logs show what happens as it happens, hold still when paused, and lead to one event', async ({ page, fleet }) => {
  const worker = await online(fleet, 'worker-1');
  const intent = (wanted: string) => fleet.api('PATCH', `/workers/${worker.id}`, { intent: wanted });
  await page.goto('/logs?kind=worker');
  await live(page);
  await expect(page.getByRole('table', { name: 'Logs' })).toBeVisible();
  await intent('paused');
  await expect(row(page, 'worker-1 is paused now').first()).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();
  await intent('active');
  await expect(page.getByText('1 new one')).toBeVisible();
  await page.getByRole('button', { name: 'Go on live' }).click();
  await row(page, 'worker-1 is active now').first().click();
  const dialog = page.getByRole('dialog', { name: 'worker.intent' });
  await expect(dialog).toContainText('"intent": "active"');
  await page.reload();
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByLabel('Level').selectOption('Errors');
  await expect(page.getByRole('heading', { name: 'Nothing happened that matches' })).toBeVisible();
  await page.goto('/logs');
  await expect(page.getByRole('table', { name: 'Logs' })).toBeVisible();
  await expectAccessible(page);
});
