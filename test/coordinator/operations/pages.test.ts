import { PAGES } from '../../../coordinator/operations/pages/routes.ts';
import { chromium, type Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { PASSWORD } from '../../support/people.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';

const BROWSER = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

/** A page of a real browser, and what it complained of. */
async function openPage(): Promise<{ page: Page; complaints: string[] }> {
  const browser = await chromium.launch(BROWSER);
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/\b(401|422) \(/.test(message.text())) complaints.push(message.text());
  });
  return { page, complaints };
}

async function adminLink(coordinator: TestCoordinator): Promise<string> {
  const made = await okJson<{ link: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'admin_link' }),
  );
  return made.link;
}

test('from the admin link by a new account to the dashboard', async () => {
  const coordinator = await startCoordinator();
  const { page, complaints } = await openPage();
  await page.goto(coordinator.url);
  // Who is not signed in is told how the first account comes into being.
  await page.getByText('playfleet token create --admin-link').waitFor();
  expect(page.url()).toBe(`${coordinator.url}/sign-in`);
  const link = await adminLink(coordinator);
  await page.goto(link);
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel(/^Password/).fill('password1234');
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.getByText('is one of the first that are tried').waitFor();
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.locator('[data-live=live]:visible').waitFor();
  expect(page.url()).toBe(`${coordinator.url}/`);
  await okJson(
    await coordinator.request('POST', '/api/v1/test-runs/create', {
      name: '<img src=x onerror=alert(1)>',
      total_shards: 2,
    }),
  );
  await page.goto(`${coordinator.url}/runs`);
  await page.getByRole('link', { name: '<img src=x onerror=alert(1)>' }).waitFor();
  expect(await page.locator('img').count()).toBe(0);
  await page.goto(link);
  await page.getByLabel('E-mail').fill('bo@example.com');
  await page.getByLabel('Your name').fill('Bo');
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.getByText('It works once').waitFor();
  expect(page.url()).toBe(`${coordinator.url}/welcome`);
  // The weak password and the second use were refused.
  expect(complaints).toEqual([]);
});

test('the reference lists every operation, and opens them without loading anything from elsewhere', async () => {
  const coordinator = await startCoordinator();
  const { page, complaints } = await openPage();
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(request.url()));
  await page.goto(`${coordinator.url}/api/v1/reference`);
  const { paths } = await okJson<{ paths: Record<string, object> }>(
    await coordinator.request('GET', '/api/v1/openapi.json'),
  );
  const operations = Object.values(paths).flatMap((one) => Object.keys(one)).length;
  expect(await page.locator('details:has(.method)').count()).toBe(operations);
  const create = page.locator('#postTestRunsCreate');
  await create.locator('summary').click();
  expect(await create.locator('pre').first().innerText()).toMatch(/^\{\n {2}name: string \(1–200 long\)\n/);
  expect(loaded.filter((url) => !url.startsWith(coordinator.url) && !url.startsWith('data:'))).toEqual([]);
  expect(complaints).toEqual([]);
});

test('pages allow nothing but their own script and style', async () => {
  const { url } = await startCoordinator();
  const own = PAGES.filter((page) => !page.endsWith('.json') && !page.includes(':'));
  for (const path of own) {
    const answer = await fetch(url + path);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; /);
    const once = "'(none|sha256-[^']+|self' 'nonce-[^']+)'";
    expect(policy).toMatch(new RegExp(`; script-src ${once};`));
    expect(policy).toMatch(new RegExp(`; style-src ${once};`));
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  }
});
