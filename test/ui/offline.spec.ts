/** The time without the coordinator, as the dashboards of both sides show it: the central one, and that of the machine that takes its place. */
import { ended } from '../../scripts/programs.ts';
import { expect, expectAccessible, live, SIZES, test } from './support/fixtures.ts';
import { copied, letHoldCopy, StandIn, untilTrue } from './support/stand-in.ts';
import { PASSWORD } from '../support/people.ts';
import { smallSuite, type Fleet } from './support/fleet.ts';

const TAB = '/settings?tab=offline';

// It begins where no machine is known.
test.use({ fleetOf: 'offline' });

async function prepare(fleet: Fleet, name: string): Promise<void> {
  await fleet.worker(name);
  await letHoldCopy(fleet.coordinator, name, fleet.folderOf(name));
}

/** The coordinator is away for a while, and the browser says so. */
const AWAY = /ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_NETWORK|404/;

test('who may stand in is chosen by keys alone, its copy comes, and it is taken back with a way back', async ({
  page,
  fleet,
}) => {
  await page.goto(TAB);
  await live(page);
  await expect(page.getByRole('heading', { name: 'No machine may stand in for this coordinator yet' })).toBeVisible();
  await expect(page.getByText('Nothing was brought here yet.')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Let a machine hold a copy' }).press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText(/or there is none\. Add a worker/)).toBeVisible();
  // It comes while the dialog is open.
  await fleet.worker('laptop');
  await dialog.getByLabel('Machine').selectOption('laptop');
  await dialog.getByRole('checkbox', { name: 'also values of secrets' }).press('Space');
  await expect(dialog.getByText('--copy-secrets')).toBeVisible();
  await dialog.getByRole('checkbox', { name: 'also values of secrets' }).press('Space');
  await dialog.getByRole('button', { name: 'Let a machine hold a copy' }).press('Enter');
  const row = page.getByRole('row', { name: /laptop/ });
  await expect(row).toContainText('now');
  await expect(row).toContainText('without');
  await copied(fleet.coordinator, 'laptop');
  await expect(page.getByText('playfleet promote')).toBeVisible();
  await expectAccessible(page);
  await page.setViewportSize(SIZES.phone);
  await expect(page.getByRole('row', { name: /laptop/ })).toContainText(/Age of its copy.*now/);
  await page.setViewportSize(SIZES.desktop);
  await page.getByRole('button', { name: 'Take back: laptop' }).press('Enter');
  await expect(row).toBeHidden();
  await page.getByRole('button', { name: 'Undo' }).press('Enter');
  await expect(row).toBeVisible();
  await copied(fleet.coordinator, 'laptop');
});

test('a copy that is not refreshed any more is said to be old', async ({ page, fleet }) => {
  await prepare(fleet, 'laptop');
  await page.clock.setFixedTime(Date.now() + 2 * 3_600_000);
  await page.goto(TAB);
  await expect(page.getByRole('row', { name: /laptop/ })).toContainText(/[12] hr\. ago.*old: is the machine on\?/);
});

test('promoted: a banner on every page, what it cannot do, and everything comes home; what was changed on both sides is decided', async ({
  page,
  browser,
  fleet,
  complaints,
}) => {
  test.setTimeout(600_000);
  complaints.allow(AWAY);
  await prepare(fleet, 'laptop');
  await fleet.stopCoordinator();
  const standIn = await StandIn.promote(fleet.programs, fleet.folderOf('laptop'));
  const context = await standIn.context(browser, { email: fleet.people.admin.email, password: PASSWORD });
  const there = await context.newPage();

  for (const address of ['/', '/runs', '/workers', TAB]) {
    await there.goto(address);
    await expect(
      there.getByRole('status').getByText(/laptop stands in for the central coordinator since/),
    ).toBeVisible();
  }
  const way = there.getByRole('heading', { name: 'The way home' }).locator('xpath=ancestor::section');
  await expect(way).toContainText('cannot be reached');
  await expect(there.getByRole('link', { name: fleet.url }).first()).toBeVisible();
  await expect(there.getByText('No mails are sent.')).toBeVisible();
  await expect(there.getByText('Machines that may stand in')).toBeHidden();
  await expectAccessible(there);
  const viewer = await standIn.context(browser, { email: fleet.people.viewer.email, password: PASSWORD });
  const theirs = await viewer.newPage();
  await theirs.goto('/');
  await expect(theirs.getByRole('status').getByText(/laptop stands in/)).toBeVisible();
  await theirs.goto(TAB);
  await expect(theirs.getByRole('button', { name: 'Bring everything home' })).toBeHidden();
  await viewer.close();

  // Work there, and a setting that is changed on both sides.
  const cli = fleet.programs.startCli(standIn.coordinator, ['run', '--name', 'On the train', '--project', 'shop'], {
    cwd: smallSuite,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  expect([0, 1]).toContain(await ended(cli));
  const asked = await context.request.put('/api/v1/settings', {
    headers: { origin: standIn.url },
    data: { max_parallel_test_runs: 3 },
  });
  expect(asked.status()).toBe(200);
  await expect(way).toContainText('1 run left to bring');
  await there.goto('/runs');
  await expect(there.getByRole('row', { name: /On the train/ })).toBeVisible();

  await fleet.restartCoordinator();
  await fleet.api('PUT', '/settings', { max_parallel_test_runs: 12 });
  await there.goto(TAB);
  await expect(way).toContainText('both sides have the same', { timeout: 240_000 });
  await expect(way).toContainText(
    /Both sides have: 1 run, \d+ tests, \d+ attempts, [\d,]+ files?, [\d,]+ entries in all/,
  );
  const bar = way.getByRole('progressbar');
  expect(await bar.getAttribute('aria-valuenow')).toBe(await bar.getAttribute('aria-valuemax'));
  await expect(there.getByText('Everything is at home.')).toBeVisible();
  await expectAccessible(there);

  await page.goto(TAB);
  await live(page);
  const brought = page.getByRole('listitem').filter({ hasText: 'numbers begin with' });
  await expect(brought).toContainText('laptop');
  await expect(brought).toContainText('1 run');
  await expect(brought).toContainText('1 change to decide');
  await expect(brought).toContainText('both sides have the same');
  const conflict = page.getByRole('listitem').filter({ hasText: 'max_parallel_test_runs' });
  await expect(conflict).toContainText('here: 12 · on laptop: 3');
  await expect(conflict).toContainText('changed there by ada');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Take theirs: max_parallel_test_runs' }).press('Enter');
  await expect(conflict).toBeHidden();
  const { items } = await fleet.api<{ items: { key: string; value: unknown }[] }>('GET', '/settings');
  expect(items.find(({ key }) => key === 'max_parallel_test_runs')?.value).toBe(3);
  await fleet.api('PUT', '/settings', { max_parallel_test_runs: null });

  // Its end, from its own dashboard.
  await there.getByRole('button', { name: 'Bring everything home' }).press('Enter');
  const confirm = there.getByRole('alertdialog');
  await expect(confirm).toContainText('No more runs are taken here.');
  await expectAccessible(there);
  await confirm.getByRole('button', { name: 'Bring everything home' }).press('Enter');
  expect(await standIn.ended()).toBe(0);
  expect(standIn.said.at(-1)).toMatchObject({ type: 'home', conflicts: 0 });
  await expect(there.getByRole('status').getByText(/laptop has ended its promotion/)).toBeVisible();
  await expect(there.getByRole('status').getByRole('link', { name: fleet.url })).toBeVisible();
  await context.close();
  await untilTrue(
    () => fleet.api<{ items: { hostname: string; status: string }[] }>('GET', '/workers'),
    ({ items }) => items.some(({ hostname, status }) => hostname === 'laptop' && status === 'idle'),
  );
  await page.goto('/runs');
  await expect(page.getByRole('row', { name: /On the train/ })).toBeVisible();
});
