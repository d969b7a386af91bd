/** Six words, end to end in two windows: the dashboard of a coordinator that shows them, and the real desktop app of another computer that types them. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { Programs } from '../../scripts/programs.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { fetchBy } from '../../src-main/transfer/pinned-fetch.ts';
import { launchApp } from '../desktop/launch-app.ts';
import { preload, serveApp } from './support/desktop-page.ts';

interface Listening {
  url: string;
  pin: string;
  admin_link: string;
}

/** With a certificate of its own, as on an office network; asked as its first admin. */
async function startEncrypted(programs: Programs, dataDir: string) {
  const child = programs.start(
    ['coordinator', '--port', '0', '--data', dataDir, '--tls', '--json', '--log-level', 'warn'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const line = await new Promise<string>((resolve) => {
    child.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString()));
  });
  const { url, pin, admin_link: link } = JSON.parse(line) as Listening;
  const ask = async <T>(method: string, at: string, body?: object, token?: string): Promise<T> => {
    const answer = await fetchBy(pin)(`${url}/api/v1${at}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    });
    if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const oneTime = new URL(link).hash.replace('#token=', '').split('.')[0];
  const { token } = await ask<{ token: string }>('POST', '/auth/exchange', { token: oneTime });
  return { url, api: <T>(method: string, at: string, body?: object) => ask<T>(method, at, body, token) };
}

test('the app joins by the words that the coordinator shows, and only by them', async ({ page }) => {
  test.setTimeout(300_000);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-join-'));
  const programs = new Programs();
  const coordinator = await startEncrypted(programs, path.join(folder, 'coordinator'));
  const app = await launchApp({ folder: path.join(folder, 'app') });
  const { url, close } = await serveApp(app);
  try {
    const { code } = await coordinator.api<{ code: string }>('POST', '/join-codes', { name: 'a laptop' });
    await preload(page, app);
    await page.goto(`${url}/setup`);
    await page.getByRole('button', { name: 'Begin', exact: true }).click();
    await page.getByRole('button', { name: /^Join a team/ }).click();
    await page.getByLabel('Address').fill(coordinator.url.replace('https://', ''));
    const words = page.getByRole('textbox', { name: 'Join code' });
    const join = page.getByRole('button', { name: 'Join', exact: true });
    await words.fill(code.replace(/^\S+/, 'wrongly'));
    await join.click();
    await expect(page.getByRole('alert')).toContainText('Word 1, "wrongly", is in no join code', { timeout: 60_000 });
    await words.fill(code.toUpperCase());
    await join.click();
    await expect(page.getByRole('heading', { name: 'What this computer lends' })).toBeVisible({ timeout: 60_000 });
    await page.getByLabel('Name in the fleet').fill('joined-by-words');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('checkbox', { name: /^I have read this/ }).check();
    await page.getByRole('button', { name: 'Agree and begin' }).click();
    await expect(page.getByRole('heading', { name: 'Ready' })).toBeVisible({ timeout: 120_000 });
    const { items } = await coordinator.api<{ items: Worker[] }>('GET', '/workers');
    expect(items.map(({ hostname }) => hostname)).toEqual(['joined-by-words']);
  } finally {
    close();
    await app.quit();
    await programs.stopAll();
    await rm(folder, { recursive: true, force: true });
  }
});
