import { generate } from 'otplib';
import { chromium, type Browser } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { okJson, startCoordinator } from '../../support/coordinator.ts';
import { MailServer, partsOf } from '../../support/mail-server.ts';
import { makeAdmin, PASSWORD } from '../../support/people.ts';

async function openBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  onTestFinished(() => browser.close());
  return browser;
}

test('a person follows an invitation, sets up a second factor, signs in with it, and gets a new password', async () => {
  const coordinator = await startCoordinator();
  const browser = await openBrowser();
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) errors.push(message.text());
  });
  const { link } = await okJson<{ link: string }>(
    await coordinator.request('POST', '/api/v1/people/invitations', { email: 'kim@example.com', role: 'viewer' }),
  );
  await page.goto(link);
  await page.getByLabel('Your name').fill('Kim Berger');
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.getByRole('button', { name: 'Make my account' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  expect(page.url()).toBe(`${coordinator.url}/`);

  await page.goto(`${coordinator.url}/account`);
  await page.getByText('Kim Berger, kim@example.com, viewer in default').waitFor();
  await page.getByText(/Chrome \d+ on Linux \(this one\)/).waitFor();
  await page.locator('#begin').getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Set up a second factor' }).click();
  await page.getByText('Type this key').waitFor();
  const secret = (await page.locator('#secret').innerText()).replaceAll(' ', '');
  const codeAt = (steps: number) => generate({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });
  await page.getByLabel('The code that it shows').fill(await codeAt(0));
  await page.getByRole('button', { name: 'Turn it on' }).click();
  await page.getByText('Keep these backup codes').waitFor();
  const backup = await page.locator('#codes li').allInnerTexts();
  expect(backup).toHaveLength(10);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();

  await page.getByLabel('E-mail').fill('kim@example.com');
  await page.getByLabel('Password').fill('not my password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('E-mail or password is wrong').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel(/Code of your authenticator/).fill(await codeAt(1));
  await page.getByLabel('Do not ask in this browser').check();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();

  await page.goto(`${coordinator.url}/account`);
  await page.getByText('Browsers that are not asked for a code').waitFor();
  await page.getByRole('button', { name: 'Make a token' }).click();
  await page.getByText(`playfleet login '${coordinator.url}#pft_`).waitFor();
  const { items } = await okJson<{ items: { id: string }[] }>(await coordinator.request('GET', '/api/v1/people'));
  const reset = await okJson<{ link: string }>(
    await coordinator.request('POST', `/api/v1/people/${items[0]?.id}/reset-link`),
  );
  await page.goto(reset.link);
  await page.getByLabel(/^Password/).fill('four green owls in the rain');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('The new password is set').waitFor();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('E-mail').fill('kim@example.com');
  await page.getByLabel('Password').fill('four green owls in the rain');
  await page.getByRole('button', { name: 'Sign in' }).click();
  // A new password ends the trust as well.
  await page.getByLabel(/Code of your authenticator/).fill(backup[3] ?? '');
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  await page.goto(reset.link);
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('was used already').waitFor();
  expect(errors).toEqual([]);
});

test('who has lost the password asks for a link on the sign-in page, where mails are sent', async () => {
  const coordinator = await startCoordinator();
  const server = await MailServer.start();
  const smtp = { smtp_server: '127.0.0.1', smtp_port: server.port, smtp_from: 'a@b.example', smtp_tls: 'none' };
  const browser = await openBrowser();
  const page = await browser.newPage();
  await page.goto(`${coordinator.url}/sign-in`);
  await page.getByText('An admin makes a link for a new one.').waitFor();
  expect(await page.getByRole('button', { name: 'Lost the password?' }).isVisible()).toBe(false);
  await okJson(await coordinator.request('PUT', '/api/v1/settings', smtp));
  await makeAdmin(coordinator, 'ada@example.com');
  await page.reload();
  await page.getByRole('button', { name: 'Lost the password?' }).click();
  await page.getByLabel('Address of your account').fill('ada@example.com');
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await page.getByText('If somebody has that address here').waitFor();
  const mail = await server.until(() => server.mails.find((one) => partsOf(one).subject.startsWith('A new password')));
  await page.goto(/https?:\S+#token=\S+/.exec(partsOf(mail).text)?.[0] ?? '');
  await page.getByLabel(/password/i).fill('yellow spoons dance at dawn');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('The new password is set').waitFor();
});
