import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import type { Attempts, Timeline } from '../../shared/protocol/rest/timeline.ts';
import type { Fleet } from './support/fleet.ts';
import { expect, expectAccessible, live, test } from './support/fixtures.ts';

/** Lasts about half a minute: two failures of the same error at once, then tests that take their time. */
const longSuite = fileURLToPath(new URL('./support/long-suite', import.meta.url));

/** Starts the long suite; answers as soon as the run is there, with how to wait for its end. */
async function startLong(fleet: Fleet, name: string): Promise<{ run: Run; ended: Promise<Run> }> {
  const ended = fleet.run({ suite: longSuite, name });
  // Whoever does not wait for its end is told of a failure by what the page shows.
  ended.catch(() => undefined);
  let run: Run | undefined;
  await expect
    .poll(
      async () => {
        const { items } = await fleet.api<{ items: Run[] }>('GET', '/test-runs?limit=5');
        run = items.find((one) => one.name === name);
        return run?.name;
      },
      { timeout: 60_000 },
    )
    .toBe(name);
  return { run: run!, ended };
}

const filterBox = (page: Page) => page.getByRole('combobox', { name: 'Filter the tests' });
const head = (page: Page) => page.getByRole('button', { name: /Object\.is equality/ });
const markDocument = (page: Page) => page.evaluate(() => Object.assign(window, { sameDocument: true }));
const sameDocument = (page: Page) => page.evaluate(() => 'sameDocument' in window);

test('a run is watched until its failures show, in one group, and then cancelled', async ({ page, fleet }) => {
  test.setTimeout(360_000);
  await fleet.worker();
  const { run, ended } = await startLong(fleet, 'Watched and cancelled');
  await page.goto(`/runs/${run.number}`);
  await live(page);
  await markDocument(page);
  await expect(head(page)).toBeVisible({ timeout: 180_000 });
  await expect(page.getByRole('link', { name: 'the total of one item is right @smoke' })).toBeVisible();
  await expect(page.getByRole('button', { name: /running$/ })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel the run' }).click();
  await expect(page.getByRole('heading', { level: 1 }).locator('..')).toContainText('cancelled');
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible();
  expect(await sameDocument(page)).toBe(true);
  await ended.catch(() => undefined);
});

test('what failed is run again, and the page goes on to the new run', async ({ page, fleet }) => {
  test.setTimeout(180_000);
  const before = await fleet.finishedRun();
  await page.goto(`/runs/${before.number}`);
  await live(page);
  await page.getByRole('button', { name: 'Run again' }).click();
  await page.getByRole('menuitem', { name: 'What failed' }).click();
  await expect(page.getByRole('link', { name: 'Rerun of an earlier run' })).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText(new RegExp(`^#${before.number}\\b`));
  await expect(page.getByRole('heading', { level: 1 }).locator('..')).toContainText('failed', { timeout: 90_000 });
  await expect(page.getByRole('link', { name: 'takes the discount off' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'shows the price' })).toHaveCount(0);
});

test('tests are filtered, marked, selected and opened by keys alone', async ({ page, fleet }) => {
  test.setTimeout(180_000);
  const run = await fleet.finishedRun();
  await page.goto(`/runs/${run.number}`);
  await live(page);
  await expect(page.getByRole('link', { name: 'shows the price' })).toBeVisible();
  await page.keyboard.press('/');
  await expect(filterBox(page)).toBeFocused();
  await page.keyboard.type('s:fa');
  await expect(page.getByRole('option', { name: 's:failed' })).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByText('1 of 6 tests')).toBeVisible();
  await expect(page).toHaveURL(/q=s%3Afailed/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await expect(page.getByText('1 test selected')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/runs\/[^/]+\/tests\//);
  await page.goBack();
  await expect(filterBox(page)).toHaveValue('s:failed ');
  await filterBox(page).fill('s:failde');
  await expect(page.getByRole('alert')).toContainText('“s:failde” is no state');
});

test('the timeline has a bar for each attempt, and says the same as a table', async ({ page, fleet }) => {
  test.setTimeout(180_000);
  const run = await fleet.finishedRun();
  const { items } = await fleet.api<Attempts>('GET', `/test-runs/${run.id}/attempts`);
  const { workers } = await fleet.api<Timeline>('GET', `/test-runs/${run.id}/timeline`);
  await page.goto(`/runs/${run.number}?tab=schedule`);
  await live(page);
  const chart = page.getByRole('application', { name: /^Timeline/ });
  await expect(chart).toHaveAttribute('data-bars', String(items.length));
  await chart.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('+');
  await expect(page.getByText(new RegExp(`(${workers.map(({ worker }) => worker).join('|')}) · \\d`))).toBeVisible();
  await page.getByRole('switch', { name: 'Table' }).click();
  await expect(page.getByRole('table', { name: 'Timeline' }).getByRole('row')).toHaveCount(items.length + 1);
  await expect(page.getByRole('heading', { name: 'Where the time went' })).toBeVisible();
});

test('the log shows what tests print, and finds it', async ({ page, fleet }) => {
  test.setTimeout(180_000);
  const run = await fleet.finishedRun();
  await page.goto(`/runs/${run.number}?tab=logs`);
  await live(page);
  await page.getByRole('textbox', { name: 'Find in the log' }).fill('discount: 10');
  await expect(page.getByRole('log')).toContainText('discount: 10 %');
  await expect(page.getByText(/^\d+ of \d+ lines$/)).toBeVisible();
});

test('a worker that is killed is told of, and another one brings the run to its end', async ({ page, fleet }) => {
  test.setTimeout(480_000);
  await fleet.worker();
  const { run, ended } = await startLong(fleet, 'Worker killed');
  await page.goto(`/runs/${run.number}`);
  await live(page);
  await markDocument(page);
  await expect(head(page)).toBeVisible({ timeout: 180_000 });
  const worker = await fleet.worker();
  worker.kill('SIGKILL');
  await fleet.worker('worker-2');
  await expect(page.getByRole('heading', { level: 1 }).locator('..')).toContainText('failed', { timeout: 200_000 });
  await expect(page.getByText('14 of 14 tests')).toBeVisible();
  await page.getByRole('tab', { name: 'Schedule' }).click();
  await expect(page.getByRole('heading', { name: /^Requeued/ })).toBeVisible();
  expect(await sameDocument(page)).toBe(true);
  await ended;
});

test('a coordinator that restarts while one watches costs neither a test nor a reload', async ({
  page,
  fleet,
  complaints,
}) => {
  complaints.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_NETWORK/);
  test.setTimeout(480_000);
  await fleet.worker();
  const { run, ended } = await startLong(fleet, 'Coordinator restarted');
  await page.goto(`/runs/${run.number}`);
  await live(page);
  await markDocument(page);
  await expect(head(page)).toBeVisible({ timeout: 180_000 });
  await fleet.restartCoordinator();
  await live(page);
  await expect(page.getByText('14 of 14 tests')).toBeVisible({ timeout: 200_000 });
  await expect(page.getByRole('button', { name: '12 passed' })).toBeVisible();
  await expect(page.getByRole('button', { name: '2 failed' })).toBeVisible();
  expect(await sameDocument(page)).toBe(true);
  await ended;
});

test('who may only look is offered nothing that would be refused', async ({ browser, fleet }) => {
  const run = await fleet.finishedRun();
  const [name = '', value = ''] = fleet.people.viewer.cookie.split('=');
  const context = await browser.newContext({ baseURL: fleet.url });
  await context.addCookies([{ name, value, url: fleet.url }]);
  const page = await context.newPage();
  await page.goto(`/runs/${run.number}`);
  await expect(page.getByRole('link', { name: 'shows the price' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Run again' })).toHaveCount(0);
  await expect(page.getByRole('checkbox')).toHaveCount(0);
  await context.close();
});

for (const tab of ['tests', 'schedule', 'logs', 'tasks', 'details']) {
  test(`the part ${tab} can be read by everybody`, async ({ page, fleet }) => {
    const run = await fleet.finishedRun();
    await page.goto(`/runs/${run.number}?tab=${tab}`);
    await live(page);
    await expect(page.getByRole('tabpanel')).toContainText(/\w{4}/);
    await expectAccessible(page);
  });
}
