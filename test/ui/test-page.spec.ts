import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Page } from '@playwright/test';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import type { TestDetail, TestSummary } from '../../shared/protocol/rest/results.ts';
import { writeBrokenSuite, writeSpecs } from './support/broken-suite.ts';
import { expect, expectAccessible, live, test as base } from './support/fixtures.ts';
import type { Fleet } from './support/fleet.ts';

interface Broken {
  /** Three runs: it failed, it was mended, it failed again. */
  runs: Run[];
  /** Address of a test of the last run, by a part of its title. */
  at: (title: string, run?: Run) => Promise<string>;
}

const test = base.extend<object, { broken: Broken }>({
  broken: [
    async ({ fleet, browser }, use) => {
      const suite = await mkdtemp(path.join(os.tmpdir(), 'playfleet-broken-'));
      const page = await browser.newPage();
      await writeBrokenSuite(suite, page);
      await page.close();
      const runs: Run[] = [];
      for (const [index, fixed] of [false, true, false].entries()) {
        writeSpecs(suite, fixed);
        runs.push(await fleet.run({ name: `Shop ${index + 1}`, suite }));
      }
      await use({ runs, at: (title, run = runs[2]!) => addressOf(fleet, run, title) });
      await rm(suite, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 240_000 },
  ],
});

async function addressOf(fleet: Fleet, run: Run, title: string): Promise<string> {
  const { items } = await fleet.api<{ items: TestSummary[] }>(
    'GET',
    `/test-runs/${run.id}/tests?search=${encodeURIComponent(title)}`,
  );
  return `/runs/${run.number}/tests/${items[0]!.test_id}`;
}

const open = async (page: Page, address: string) => {
  await page.goto(address);
  await live(page);
};

test('a failure: what was expected, where, what led to it, in each attempt', async ({ page, broken }) => {
  await open(page, await broken.at('says the total'));
  await expect(page.getByRole('heading', { level: 1, name: 'says the total' })).toBeVisible();
  const error = page.getByRole('region', { name: 'Error' });
  await expect(error.getByRole('heading')).toContainText('toHaveText');
  await expect(error.getByRole('term').filter({ hasText: 'Expected' })).toBeVisible();
  await expect(error.locator('mark').filter({ hasText: '11' })).toBeVisible();
  await expect(error.locator('mark').filter({ hasText: '12' })).toBeVisible();
  await expect(error.getByLabel('Code')).toContainText('toHaveText');
  await expect(error.getByText('unexpected value')).toBeVisible();
  await expect(page.getByText('look at the total', { exact: true })).toBeVisible();
  await expect(page.getByText('find it', { exact: true })).toBeVisible();
  await expect(page.getByLabel('Standard output')).toContainText('discount: 10 %');
  await expect(page.getByRole('link', { name: 'https://example.com/SHOP-1' })).toBeVisible();
  await expect(page.getByRole('tab', { name: /Attempt 2/ })).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('tab', { name: /Attempt 1/ }).click();
  await expect(page).toHaveURL(/attempt=0/);
  await page.reload();
  await expect(page.getByRole('tab', { name: /Attempt 1/ })).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('button', { name: 'Side by side' }).click();
  await expect(page.getByRole('region', { name: 'Error' }).filter({ visible: true })).toHaveCount(2);
});

test('a difference of objects is read line by line, with the words that differ', async ({ page, broken }) => {
  await open(page, await broken.at('keeps the order'));
  const difference = page.getByLabel('Difference');
  await expect(difference).toContainText('"name": "fern"');
  await expect(difference.locator('mark')).toHaveText(['1', '2']);
});

test('the trace opens with one click, in the viewer on the content origin, and shows what was done', async ({
  page,
  broken,
  fleet,
}) => {
  await open(page, await broken.at('says the total'));
  await page.getByRole('button', { name: 'Open trace' }).first().click();
  const viewer = page.frameLocator('iframe[title^="Trace of attempt"]');
  await expect(viewer.getByText('Expect "toHaveText"').first()).toBeVisible({ timeout: 30_000 });
  await expect(viewer.getByText('look at the total').first()).toBeVisible();
  const full = await page.getByRole('link', { name: 'Open in a tab' }).getAttribute('href');
  expect(new URL(full!).port).not.toBe(new URL(fleet.url).port);
  await page.keyboard.press('Escape');
  await expect(page.locator('iframe')).toBeHidden();
  const tab = await page.context().newPage();
  await tab.goto(full!);
  await expect(tab.getByText('Expect "toHaveText"').first()).toBeVisible({ timeout: 30_000 });
});

test('pictures and other files come from the content origin; the lightbox obeys the keyboard', async ({
  page,
  broken,
  fleet,
}) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await open(page, await broken.at('says the total'));
  await page.getByRole('button', { name: 'Show screenshot' }).click();
  const dialog = page.getByRole('dialog', { name: 'screenshot' });
  const picture = dialog.getByRole('img', { name: 'Screenshot screenshot' });
  await expect(picture).toHaveJSProperty('naturalWidth', 640);
  await page.keyboard.press('f');
  await expect(dialog.getByRole('button', { name: 'Fit to the window' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  const order = page.getByRole('listitem').filter({ hasText: 'order' });
  await order.getByRole('button', { name: 'Show' }).click();
  await expect(page.getByLabel('Content of order')).toContainText('"total": 12.5');
  expect(asked.filter((url) => url.startsWith(`${fleet.url}/api/v1/blobs`))).toEqual([]);
});

test('a screenshot that is not as expected: slider by keyboard and mouse, other ways to look, accepted as a download', async ({
  page,
  broken,
}) => {
  await open(page, await broken.at('looks as designed'));
  const comparison = page.getByRole('figure', { name: 'Screenshot cart.png' });
  await expect(comparison).toContainText(/640 × 360 · [\d,]+ pixels differ/);
  const slider = comparison.getByRole('slider');
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await expect(slider).toHaveValue('51');
  const box = (await slider.boundingBox())!;
  await page.mouse.click(box.x + box.width * 0.2, box.y + box.height / 2);
  await expect.poll(async () => Number(await slider.inputValue())).toBeLessThan(30);
  await comparison.getByRole('button', { name: 'Side by side' }).click();
  await expect(comparison.getByRole('img')).toHaveCount(2);
  await comparison.getByRole('button', { name: 'Difference' }).click();
  await expect(comparison.getByRole('img')).toHaveCount(1);
  await comparison.getByRole('button', { name: 'Blink', exact: true }).click();
  await comparison.getByRole('button', { name: 'Stop blinking' }).click();
});

test('history: what became of it in each run, and whether this is news', async ({ page, broken }) => {
  const [first, second] = broken.runs;
  await open(page, await broken.at('says the total'));
  await expect(page.getByText('New failure')).toBeVisible();
  const bars = page.getByRole('list', { name: 'The last 3 runs' });
  await expect(bars.getByRole('link')).toHaveCount(3);
  await expect(page.getByText('66.7 %')).toBeVisible();
  await bars.getByRole('link', { name: `Run #${second!.number}: Passed` }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${second!.number}/tests/`));
  await expect(page.getByText('Fixed', { exact: true })).toBeVisible();
  await open(page, await broken.at('says the total', first));
  await expect(page.getByText('New failure')).toBeHidden();
});

test('a bug report is copied, with the line of the source at the commit that ran', async ({
  page,
  broken,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, await broken.at('says the total'));
  const source = page.getByRole('link', { name: /cart\.spec\.ts:\d+/ });
  await expect(source).toHaveAttribute(
    'href',
    /^https:\/\/github\.com\/acme\/shop\/blob\/[0-9a-f]{40}\/tests\/cart\.spec\.ts#L\d+$/,
  );
  await page.getByRole('button', { name: 'Copy bug report' }).click();
  await expect(page.getByText('Bug report copied')).toBeVisible();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(text).toContain('## cart › says the total');
  expect(text).toContain('toHaveText');
  expect(text).toContain('**Machine:** worker-1');
  expect(text).toMatch(/playfleet run -- cart\.spec\.ts:\d+ --project desktop/);
  expect(text).toContain('2 of the last 3 runs failed');
  expect(text).toContain(page.url());
});

test('[ and ] lead from failure to failure; the test alone is run again', async ({ page, broken, fleet }) => {
  await open(page, await broken.at('says the total'));
  const before = page.url();
  await expect(page.getByText(/\d of 3 failed or flaky/)).toBeVisible();
  await page.keyboard.press((await page.getByText('3 of 3 failed or flaky').isVisible()) ? '[' : ']');
  await expect(page).not.toHaveURL(before);
  await open(page, await broken.at('says the total'));
  await page.getByRole('button', { name: 'Run this test again' }).click();
  await expect(page.getByText(/Run #\d+ started with this test alone/)).toBeVisible();
  const { items } = await fleet.api<{ items: Run[] }>('GET', '/test-runs?limit=1');
  await expect
    .poll(async () => (await fleet.api<Run>('GET', `/test-runs/${items[0]!.id}`)).outcome, { timeout: 60_000 })
    .toBe('failed');
  expect((await fleet.api<Run>('GET', `/test-runs/${items[0]!.id}`)).tests.total).toBe(1);
});

test.describe('who may only look', () => {
  test.use({ as: 'viewer' });
  test('is offered neither to run nor to accept', async ({ page, broken }) => {
    await open(page, await broken.at('looks as designed'));
    await expect(page.getByRole('button', { name: 'Copy bug report' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Run this test again' })).toBeHidden();
    await expect(page.getByRole('button', { name: 'Accept as expected' })).toBeHidden();
  });
});

test('a test that is not there says so', async ({ page, broken, complaints }) => {
  complaints.allow(/404/);
  await open(page, `/runs/${broken.runs[0]!.number}/tests/none`);
  await expect(page.getByRole('heading', { name: 'This run has no such test' })).toBeVisible();
});

test('an accepted screenshot comes as a file for its place in the source', async ({ page, broken }) => {
  await open(page, await broken.at('looks as designed'));
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Accept as expected' }).click();
  expect((await saved).suggestedFilename()).toBe(`run-${broken.runs[2]!.number}-screenshots.zip`);
  await expect(page.getByText(/^Accepted by/)).toBeVisible();
});

test('the test page is accessible', async ({ page, broken }) => {
  await open(page, await broken.at('looks as designed'));
  await expect(page.getByRole('figure')).toBeVisible();
  await expectAccessible(page);
  await open(page, await broken.at('says the total'));
  await expect(page.getByRole('region', { name: 'Error' })).toBeVisible();
  await expectAccessible(page);
});

test('two runs compared: the sentence, the kinds, the tests behind them', async ({ page, broken, fleet }) => {
  const [first, second, third] = broken.runs;
  await open(page, `/compare?now=${third!.number}&before=${second!.number}`);
  await expect(page.getByText(`Against run #${second!.number}, 2 tests newly fail`)).toBeVisible();
  await page.getByRole('tab', { name: /Newly failing 2/ }).click();
  await expect(page).toHaveURL(/change=newly_failing/);
  await page.keyboard.press('/');
  await page.keyboard.type('total');
  const row = page.getByRole('row', { name: /says the total/ });
  await expect(page.getByRole('row')).toHaveCount(2);
  await expect(row.getByRole('link', { name: new RegExp(`#${second!.number}: passed`) })).toBeVisible();
  await expectAccessible(page);
  await row.getByRole('link', { name: new RegExp(`#${third!.number}: failed`) }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${third!.number}/tests/`));
  await open(page, `/compare?now=${second!.number}&before=${first!.number}`);
  await expect(page.getByText('2 tests are fixed and none newly fails')).toBeVisible();
  await page.getByRole('button', { name: 'Swap the runs' }).click();
  await expect(page).toHaveURL(new RegExp(`now=${first!.number}`));
  const detail = await fleet.api<TestDetail>(
    'GET',
    `/test-runs/${third!.id}/tests/${(await broken.at('keeps the order')).split('/').at(-1)}`,
  );
  expect(detail.outcome).toBe('unexpected');
});
