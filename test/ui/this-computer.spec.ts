/** The dashboard inside the desktop app: first steps, this computer, and what a browser sees of them (nothing). */
import type { Page } from '@playwright/test';
import { ABOUT, DesktopDouble, GOOD_CODE } from './support/desktop-double.ts';
import { expect, expectAccessible, live, SIZES, test, THEMES } from './support/fixtures.ts';

/** `PICTURES=folder` keeps what a person would look at. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['PICTURES'];
  if (folder === undefined) return;
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const theme of THEMES) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.screenshot({ path: `${folder}/${name}-${size}-${theme}.png`, fullPage: true });
    }
  }
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null });
}

const side = (page: Page) => page.getByRole('navigation', { name: 'Pages' }).first();

test('a browser shows nothing of this computer, and says so at its address', async ({ page }) => {
  await page.goto('/');
  await live(page);
  await expect(side(page).getByRole('link', { name: /This computer/ })).toHaveCount(0);
  await page.goto('/this-computer');
  await expect(page.getByRole('heading', { name: 'This page belongs to the desktop app' })).toBeVisible();
});

test('an app of another version is told apart, and the dashboard goes on', async ({ page }) => {
  await new DesktopDouble().attach(page, 2);
  await page.goto('/this-computer');
  await expect(page.getByRole('heading', { name: 'The app is newer than this page' })).toBeVisible();
  await page.goto('/');
  await live(page);
});

test('first steps: found on the LAN, wrong words, right words, limits and consent', async ({ page }) => {
  const app = new DesktopDouble({ isSetUp: false });
  app.found = [
    { name: 'mill', address: 'https://192.168.1.7:4800', version: '0.1.0' },
    { name: 'mill', address: 'https://192.168.1.66:4800', version: null },
  ];
  await app.attach(page);
  await page.goto('/');
  await expect(page).toHaveURL(/\/setup$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Welcome to Playfleet' })).toBeVisible();
  await picture(page, 'setup-1-welcome');
  await page.getByRole('button', { name: 'Begin' }).press('Enter');
  await picture(page, 'setup-2-way');
  await page.getByRole('button', { name: /Join a team/ }).click();

  await page.getByRole('radio', { name: /192\.168\.1\.7:4800/ }).check();
  await expect(page.getByLabel('Address')).toHaveValue('https://192.168.1.7:4800');
  const code = page.getByRole('textbox', { name: 'Join code' });
  await code.fill('abacus walnut');
  await expect(page.getByText('2 words so far.')).toBeVisible();
  await code.fill('abacus walnut tempo river cedar quail');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('does not know this code');
  await expect(code).toHaveAttribute('aria-invalid', 'true');
  await expect(code).toHaveValue('abacus walnut tempo river cedar quail');
  await picture(page, 'setup-3-coordinator');
  await expectAccessible(page);
  await code.fill(GOOD_CODE);
  await code.press('Enter');

  await expect(page.getByRole('heading', { level: 1, name: 'What this computer lends' })).toBeVisible();
  expect(app.joins.at(-1)).toEqual({ by: 'code', address: 'https://192.168.1.7:4800', code: GOOD_CODE });
  await page.getByRole('spinbutton', { name: 'Slots' }).fill('3');
  await page.getByLabel('Tests of all projects may run here').uncheck();
  await page.getByLabel('Only these projects').fill('shop\n\nblog');
  await page.getByRole('switch', { name: 'Only at certain times' }).check();
  await expect(page.getByLabel('Monday, from')).toHaveValue('09:00');
  await picture(page, 'setup-4-machine');
  await page.getByRole('button', { name: 'Next' }).click();

  await expect(page.getByText('Only tests of these projects run here: shop, blog.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Agree and begin' })).toBeDisabled();
  await picture(page, 'setup-5-consent');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await expect(page.getByRole('spinbutton', { name: 'Slots' })).toHaveValue('3');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel(/I have read this/).check();
  await page.getByRole('button', { name: 'Agree and begin' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Ready' })).toBeVisible();
  expect(app.lending).toMatchObject({ slots: 3, projects: ['shop', 'blog'] });
  expect(app.lending.manners.hours?.week).toEqual([
    { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '18:00' },
  ]);
  await page.getByRole('button', { name: 'Open the dashboard' }).click();
  await live(page);
  await expect(side(page).getByRole('link', { name: 'This computer', exact: true })).toBeVisible();
});

test('its state is always in sight, in words; it is paused and goes on', async ({ page }) => {
  const app = new DesktopDouble();
  await app.attach(page);
  await page.goto('/runs');
  await live(page);
  const line = side(page).getByRole('link', { name: /^This computer: / });
  await expect(line).toHaveAccessibleName('This computer: Ready: nothing to run');
  await line.click();
  await expect(page.getByRole('heading', { level: 1, name: 'This computer' })).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('menuitem', { name: 'For an hour' }).click();
  await expect(page.getByRole('main').getByText(/^.?Paused: by you until \d\d:\d\d/)).toBeVisible();
  await expect(line).toHaveAccessibleName(/Paused: by you until/);
  await picture(page, 'computer-paused');
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  // What is said by the app comes by itself.
  await app.status({
    state: 'busy',
    slots: { total: 2, lent: 2, busy: 2 },
    tests: [
      { run: '#12 nightly', title: 'checkout › pays by card', since: Date.now() - 42_000 },
      {
        run: '#12 nightly',
        title: 'search › finds a very long name of a product that nobody has ever bought',
        since: Date.now(),
      },
    ],
  });
  await expect(page.getByText('checkout › pays by card')).toBeVisible();
  await app.status({ state: 'busy', why: [{ reason: 'battery', belowPercent: null, mode: 'pause', until: null }] });
  await expect(page.getByRole('main').getByText(/this computer runs on battery/)).toBeVisible();
  await picture(page, 'computer-busy');
  await expectAccessible(page);
});

test('hours and manners are edited and kept, and what the app refuses is said', async ({ page }) => {
  const app = new DesktopDouble();
  await app.attach(page);
  await page.goto('/this-computer?tab=lending');
  await page.getByRole('switch', { name: 'Only at certain times' }).check();
  await page.getByRole('button', { name: 'Remove: Wednesday' }).click();
  await page.getByRole('button', { name: 'Add a time: Saturday' }).click();
  await page.getByLabel('Saturday, from').fill('22:00');
  await page.getByLabel('Saturday, to').fill('06:00');
  await expect(page.getByText('until the next day')).toBeVisible();
  await page.getByRole('button', { name: 'Add a day' }).click();
  await page.getByLabel('Day', { exact: true }).fill('2026-12-24');
  await page.getByLabel('Time zone').selectOption('Europe/Berlin');
  await page.getByLabel('While you use it').selectOption('pause');
  await page.getByLabel('Minutes after the last input').fill('10');
  await picture(page, 'computer-lending');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved; it counts at once')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled();
  expect(app.lending.manners).toMatchObject({
    hours: {
      timeZone: 'Europe/Berlin',
      week: [
        { days: ['mon', 'tue', 'thu', 'fri'], from: '09:00', to: '18:00' },
        { days: ['sat'], from: '22:00', to: '06:00' },
      ],
      exceptions: [{ date: '2026-12-24', spans: [] }],
    },
    userActive: { mode: 'pause', idleSeconds: 600 },
  });
  expect(app.asked).not.toContain('setLending');
  await page.getByLabel('Slots', { exact: true }).fill('4');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved. It counts as soon as what runs is finished.')).toBeVisible();
  expect(app.lending.slots).toBe(4);
});

test('one more coordinator is added by its words, used, and forgotten', async ({ page }) => {
  const app = new DesktopDouble();
  await app.attach(page);
  await page.goto('/this-computer?tab=coordinators');
  await page.getByRole('button', { name: 'Add a coordinator' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Address').fill('new:4800');
  await dialog.getByRole('textbox', { name: 'Join code' }).fill('abacus');
  await dialog.getByRole('button', { name: 'Join', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText('does not know this code');
  await picture(page, 'computer-add');
  await dialog.getByRole('textbox', { name: 'Join code' }).fill(GOOD_CODE);
  await dialog.getByRole('button', { name: 'Join', exact: true }).click();
  await expect(page.getByText('https://new:4800')).toBeVisible();
  await page.getByRole('button', { name: 'Forget lab' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Forget' }).click();
  await expect(page.getByText('https://lab:4800')).toBeHidden();
  await picture(page, 'computer-coordinators');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Use new' }).click();
  const reloaded = page.waitForEvent('load');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Use' }).click();
  // Everything that this page knew was of the one before.
  await reloaded;
  expect(app.state.coordinators.find(({ active }) => active)?.id).toBe('new');
});

test('standing in for the coordinator: what it cannot do and secrets are said before, the way home after', async ({
  page,
}) => {
  const app = new DesktopDouble();
  await app.attach(page);
  await page.goto('/this-computer?tab=offline');
  await expect(page.getByText('This computer keeps no copy of mill, so it cannot stand in for it.')).toBeVisible();
  const day = 86_400_000;
  const facts = { at: Date.now() - 120_000, tests: 182, secrets: true, until: Date.now() + 10 * day };
  const copy = { ...facts, problem: null, key: 'safe' as const };
  await app.offline({ copy });
  await expect(page.getByText('in the system’s safe storage')).toBeVisible();
  await expect(page.getByText('2 min. ago')).toBeVisible();
  await picture(page, 'computer-offline-copy');
  // Where the system keeps nothing safely, it is said where the key lies instead, and why.
  const reason = 'This desktop has no keyring.';
  await app.change({
    secrets: { kept: 'session', reason },
    offline: { ...app.state.offline, copy: { ...copy, key: 'file' } },
  });
  await expect(page.getByText('in a file of this computer, readable by you alone')).toBeVisible();
  await expect(page.getByText(reason)).toBeVisible();
  await picture(page, 'computer-offline-copy-file');
  await app.change({ secrets: { kept: 'session', reason }, offline: { ...app.state.offline, copy } });
  await expect(page.getByText(/cannot be used now, so the copy cannot be opened/)).toBeVisible();
  await app.change({ secrets: { kept: 'safe', reason: null } });
  await page.getByRole('button', { name: 'Stand in for mill' }).click();
  const asks = page.getByRole('alertdialog');
  await expect(asks.getByText('write mails')).toBeVisible();
  await expect(asks.getByText(/a malicious test could read all of them/)).toBeVisible();
  await expect(asks.getByRole('checkbox', { name: 'Open the team’s secrets here, too' })).not.toBeChecked();
  await expect(asks.getByText(/give tests the values of secrets/)).toBeVisible();
  await picture(page, 'computer-offline-asks');
  await expectAccessible(page);
  await asks.getByRole('button', { name: 'Stand in for mill' }).click();

  await expect(page.getByRole('heading', { name: 'This computer stands in for mill' })).toBeVisible();
  expect(app.state.offline.promotion?.about?.secrets).toBe(false);
  await expect(page.getByText(/mill cannot be reached; it is tried again, and everything is kept/)).toBeVisible();
  await expect(page.getByText('2 runs to bring')).toBeVisible();
  await expect(page.getByText('playfleet switch https://192.168.1.7:4800')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Open its dashboard' })).toBeVisible();
  await picture(page, 'computer-offline-promoted');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Bring everything home' }).click();
  await asks.getByRole('button', { name: 'Bring everything home' }).click();
  await expect(page.getByRole('button', { name: 'Bring everything home' })).toHaveCount(0);
  const { promotion } = app.state.offline;
  const homecoming = { ...ABOUT.homecoming, state: 'uploading' as const, runs_to_bring: 1, sent: 40, total: 120 };
  await app.offline({ promotion: promotion && { ...promotion, about: { ...ABOUT, homecoming } } });
  await expect(page.getByRole('progressbar', { name: '40 of 120 entries brought' })).toBeVisible();
  const failed = { state: 'given_up' as const, failures: 6, nextAt: null, problem: 'Its disk is full.' };
  await app.offline({ promotion: promotion && { ...promotion, part: failed } });
  await expect(page.getByRole('alert')).toContainText('is not started again by itself. Its disk is full.');
  const counts = { run: 2, test: 182, file: 4 };
  await app.offline({
    promotion: null,
    home: { name: 'mill', at: Date.now(), counts, hash: 'a1b2c3d4e5f60718293a', conflicts: 1, deleted: true },
  });
  await expect(page.getByText(/2 runs, 182 tests, 4 files: counted and verified\./)).toBeVisible();
  await expect(
    page.getByText(/What this computer kept of it is deleted\. 1 conflict is to be decided there\./),
  ).toBeVisible();
  await picture(page, 'computer-offline-home');
});

test('values of secrets come into the copy after an explanation alone, and are taken back at once', async ({
  page,
}) => {
  const app = new DesktopDouble();
  await app.attach(page);
  const day = 86_400_000;
  const copy = { at: Date.now(), tests: 182, secrets: false, until: Date.now() + 10 * day, problem: null };
  await page.goto('/this-computer?tab=offline');
  await app.offline({ copy: { ...copy, key: 'safe' } });
  const box = page.getByRole('switch', { name: 'Values of secrets may lie in the copy' });
  await expect(box).not.toBeChecked();
  await box.press('Space');
  const asks = page.getByRole('alertdialog');
  await expect(asks.getByText(/as the same user as the app: a malicious one could find a way/)).toBeVisible();
  await expect(asks.getByText(/only where an admin permits it for this computer, too/)).toBeVisible();
  await picture(page, 'computer-offline-secrets-asks');
  await page.keyboard.press('Escape');
  expect(app.asked).not.toContain('setCopySecrets');
  await box.press('Space');
  await asks.getByRole('button', { name: 'Let them in' }).click();
  await expect(box).toBeChecked();
  await expect(page.getByText(/They come once what runs is finished/)).toBeVisible();
  await picture(page, 'computer-offline-secrets');
  await expectAccessible(page);
  await app.offline({ copy: { ...copy, key: 'safe', secrets: true } });
  await expect(page.getByText('in it, closed')).toBeVisible();
  await expect(page.getByText(/They come once/)).toHaveCount(0);
  await box.press('Space');
  await expect(box).not.toBeChecked();
  await expect(page.getByText(/They leave this computer once/)).toBeVisible();
});

test.describe('while nobody is signed in at the coordinator', () => {
  test.use({ as: 'nobody' });

  test('this computer stays in sight and can be used; pages of the coordinator lead to sign in', async ({
    page,
    complaints,
  }) => {
    complaints.allow(/401/);
    const app = new DesktopDouble();
    await app.attach(page);
    await page.goto('/this-computer?tab=coordinators');
    await expect(page.getByText('Nobody is signed in at the coordinator here')).toBeVisible();
    await expect(page.locator('[data-live]:visible').first()).toContainText('Not signed in');
    await page.getByRole('tab', { name: 'Now' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('menuitem', { name: 'For an hour' }).click();
    await expect(page.getByRole('button', { name: 'Resume' })).toBeVisible();
    expect(app.asked).toContain('pause');
    await expect(page).toHaveURL(/\/this-computer/);
    await picture(page, 'computer-signed-out');
    await expectAccessible(page);
    const link = page.getByRole('link', { name: 'Sign in' });
    await expect(link).toHaveAttribute('href', /^\/sign-in\?return=%2Fthis-computer/);
    await side(page).getByRole('link', { name: 'Runs' }).click();
    await expect(page).toHaveURL(/\/sign-in$/);
    expect(await page.evaluate(() => sessionStorage.getItem('playfleet.return'))).toBe('/runs');
    await page.goto('/this-computer');
    await expect(page.getByRole('heading', { level: 1, name: 'This computer' })).toBeVisible();
    // The app has signed in by itself: what the coordinator shows is asked for anew.
    const signedIn = (to: boolean) => app.state.coordinators.map((one) => ({ ...one, signedIn: one.active && to }));
    await app.change({ coordinators: signedIn(false) });
    const loaded = page.waitForEvent('load');
    await app.change({ coordinators: signedIn(true) });
    await loaded;
  });
});

test('another machine stands in: found, proven, followed after one confirmation, and left again', async ({ page }) => {
  const app = new DesktopDouble();
  await app.attach(page);
  await page.goto('/this-computer?tab=offline');
  await page.getByLabel('Its address').fill('https://192.168.1.66:4800');
  await page.getByRole('button', { name: 'Switch', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('Not switched: it is an impostor.');
  await page.getByRole('button', { name: 'Look around' }).click();
  await page.getByRole('button', { name: 'Switch to ada-laptop' }).click();
  await picture(page, 'computer-offline-switch');
  const reloaded = page.waitForEvent('load');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Switch' }).click();
  // Everything that this page knew was of the coordinator itself.
  await reloaded;
  await expect(page.getByText(/ada-laptop stands in for mill, and this computer works for it\./)).toBeVisible();
  await picture(page, 'computer-offline-follows');
  await expectAccessible(page);
  const again = page.waitForEvent('load');
  await page.getByRole('button', { name: 'Back to mill' }).click();
  await again;
  await expect(page.getByRole('button', { name: 'Look around' })).toBeVisible();
});

test('the app: start at login, updates, crash reports, and what its owner must decide', async ({ page }) => {
  const app = new DesktopDouble({
    secrets: { kept: 'refused', reason: 'No keyring is running.' },
    agent: {
      state: 'given_up',
      failures: 5,
      nextAt: null,
      problem: 'The data folder cannot be written.',
      status: null,
    },
  });
  await app.attach(page);
  await page.goto('/this-computer?tab=app');
  await expect(page.getByText(/The worker ended too often .* The data folder cannot be written\./)).toBeVisible();
  await page.getByRole('switch', { name: 'Start when I log in' }).click();
  await expect.poll(() => app.state.preferences.startAtLogin).toBe(false);
  await page.getByRole('button', { name: 'Look for updates' }).click();
  await expect(page.getByText('Version 0.2.0 is ready.')).toBeVisible();
  await expect(page.getByText('2026-11-20-renderer.dmp')).toBeVisible();
  await picture(page, 'computer-app');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Keep them until the app ends' }).click();
  await expect(page.getByText('No keyring is running.')).toBeHidden();
  await page.getByRole('button', { name: 'Quit when nothing runs' }).click();
  await expect(page.getByText('The app ends when 1 task is finished.')).toBeVisible();
});

test('in German, too', async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem('playfleet.language', 'de'));
  await new DesktopDouble().attach(page);
  await page.goto('/this-computer');
  await expect(page.getByRole('heading', { level: 1, name: 'Dieser Rechner' })).toBeVisible();
  await expect(page.getByRole('main').getByText('Bereit: nichts zu tun')).toBeVisible();
  await picture(page, 'computer-german');
});
