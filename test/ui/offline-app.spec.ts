/** The coordinator goes away: the real desktop app stands in from its page, lets a new machine in by six words, and brings everything home. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { Programs } from '../../scripts/programs.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { launchApp } from '../desktop/launch-app.ts';
import { preload, serveApp } from './support/desktop-page.ts';

test('from the page: stand in, a join code for a new machine, bring everything home', async ({ page }) => {
  // A busy machine starts processes slowly.
  test.setTimeout(600_000);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-offline-'));
  const programs = new Programs();
  const dataDir = path.join(folder, 'coordinator');
  const central = await programs.startCoordinator(dataDir);
  const ask = async <T>(method: string, at: string, body?: object): Promise<T> => {
    const headers = { authorization: `Bearer ${central.token}`, 'content-type': 'application/json' };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await fetch(`${central.url}/api/v1${at}`, init);
    if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const env = { HOME: folder, XDG_CONFIG_HOME: path.join(folder, 'config') };
  const app = await launchApp({ folder: path.join(folder, 'app'), promotedHost: '127.0.0.5', env });
  const { url, close } = await serveApp(app);
  const name = new URL(central.url).host;
  try {
    await app.ask('wizardDo', { do: 'begin' });
    await app.ask('wizardDo', { do: 'choose', way: 'join' });
    await app.ask('wizardDo', { do: 'join', join: { by: 'link', link: `${central.url}#${central.token}` } });
    await expect.poll(async () => (await app.ask('wizard')).step, { timeout: 170_000 }).toBe('machine');
    const { lending } = await app.ask('wizard');
    await app.ask('wizardDo', { do: 'lend', lending: { ...lending, manners: { version: 1 } } });
    await app.ask('wizardDo', { do: 'agree', startAtLogin: false });
    await expect.poll(() => app.state.isSetUp, { timeout: 170_000 }).toBe(true);
    const { items } = await ask<{ items: Worker[] }>('GET', '/workers');
    await ask('PUT', `/workers/${items[0]!.id}/warm-copy`, { permit: 'yes' });

    await preload(page, app);
    await page.goto(`${url}/this-computer?tab=offline`);
    const standIn = page.getByRole('button', { name: `Stand in for ${name}` });
    await expect(standIn).toBeVisible({ timeout: 170_000 });
    central.process.kill('SIGKILL');
    await expect.poll(() => app.state.agent.status?.state, { timeout: 170_000 }).toBe('offline');
    // Without the coordinator, too, this computer answers for itself.
    await page.reload();
    await standIn.click();
    await page
      .getByRole('alertdialog')
      .getByRole('button', { name: `Stand in for ${name}` })
      .click();
    await expect(page.getByRole('heading', { name: `This computer stands in for ${name}` })).toBeVisible({
      timeout: 170_000,
    });
    await expect.poll(() => app.state.offline.follows?.address, { timeout: 170_000 }).toContain('127.0.0.5');
    // The banner of every page is that of the promoted coordinator: the window is its dashboard now.
    await expect(page.getByText(/stands in for the central coordinator since/)).toBeVisible({ timeout: 170_000 });
    await page.getByRole('button', { name: 'Join code for a new machine' }).click();
    await expect(page.getByText(/^([a-z]+ ){5}[a-z]+$/)).toBeVisible();

    await programs.startCoordinator(dataDir, { before: central });
    await page.getByRole('button', { name: 'Bring everything home' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Bring everything home' }).click();
    await expect(page.getByText(/counted and verified\. What this computer kept of it is deleted\./)).toBeVisible({
      timeout: 170_000,
    });
    await expect.poll(() => app.state.offline.follows, { timeout: 170_000 }).toBeNull();
    expect(app.state.offline.promotion).toBeNull();
  } finally {
    close();
    await app.quit();
    await programs.stopAll();
    await rm(folder, { recursive: true, force: true });
  }
});
