import type { Run } from '../../shared/protocol/rest/runs.ts';
import { expect, expectAccessible, test } from './support/fixtures.ts';

const numberIn = (url: string): string => /\/runs\/(\d+)$/.exec(url)?.[1] ?? '';

// Each begins with a run that must have ended, and looks at the page four times over.
test.describe.configure({ timeout: 240_000 });

test.beforeEach(async ({ fleet }) => {
  await fleet.finishedRun();
});

test('a run is started from the page as it was foretold, and carried out by a worker', async ({ page, fleet }) => {
  await fleet.worker();
  await page.goto('/launch');
  await page.getByLabel('Project', { exact: true }).selectOption({ label: 'shop' });
  await expect(page.getByText('6 of 6 tests')).toBeVisible();
  await page.getByRole('checkbox', { name: /^@fast/ }).check();
  await expect(page.getByText('2 of 6 tests')).toBeVisible();
  await expect(page.getByText(/≈ .* on 2 slots/)).toBeVisible();
  await expect(page.getByText(/From the history of 2 of 2 tests/)).toBeVisible();
  await expect(page.getByText(/1 of 1 workers can take it now/)).toBeVisible();
  await page.getByText('Which tests').click();
  await expect(page.getByRole('listitem').filter({ hasText: 'is empty at first' })).toBeVisible();
  await expect(page.getByText("npx playfleet run --project shop -- '--grep=(?:@fast)(?!\\S)'")).toBeVisible();

  await page.getByLabel('Name of the run').fill('Only the fast ones');
  await page.getByRole('button', { name: 'Start the run' }).click();
  await expect(page).toHaveURL(/\/runs\/\d+$/);
  const at = `/test-runs/${numberIn(page.url())}`;
  await expect.poll(async () => (await fleet.api<Run>('GET', at)).status, { timeout: 60_000 }).toBe('completed');
  const run = await fleet.api<Run>('GET', at);
  expect(run.name).toBe('Only the fast ones');
  expect(run.tests.total).toBe(2);

  // What was started is no draft any more.
  await page.goto('/launch');
  await expect(page.getByText('This is what you had begun here.')).toBeHidden();
});

test('the page begins with the project of the newest run, and a new one can still be chosen', async ({
  page,
  complaints,
}) => {
  // Nothing is known of a project that does not exist yet.
  complaints.allow(/404/);
  await page.goto('/launch');
  const project = page.getByLabel('Project', { exact: true });
  await expect(project.locator('option:checked')).toHaveText('shop');
  await expect(page.getByText('6 of 6 tests')).toBeVisible();
  await expect(page.getByLabel('Name of the project')).toBeHidden();
  // That alone is no draft.
  await expect(page).toHaveURL(/project=shop/);
  await page.goto('/launch');
  await expect(project.locator('option:checked')).toHaveText('shop');
  await expect(page.getByText('This is what you had begun here.')).toBeHidden();

  await project.selectOption({ label: 'A new project …' });
  const name = page.getByLabel('Name of the project');
  await name.fill('brand-new');
  await expect(page).toHaveURL(/project=brand-new/);
  await name.fill('');
  await expect(page).not.toHaveURL(/project=/);
  await expect(name).toBeVisible();
  await page.getByRole('button', { name: 'Begin anew' }).click();
  await expect(project.locator('option:checked')).toHaveText('shop');
});

test('the project that somebody started last in this browser goes before newer ones', async ({
  page,
  fleet,
  complaints,
}) => {
  // No run has told yet what the newer one consists of.
  complaints.allow(/409|422/);
  await page.goto('/launch?project=shop');
  await expect(page.getByText('6 of 6 tests')).toBeVisible();
  await page.getByRole('button', { name: 'Start the run' }).click();
  await expect(page).toHaveURL(/\/runs\/\d+$/);
  const newer = await fleet.api<{ number: number }>('POST', '/test-runs/create', {
    name: 'Newer',
    project: 'blog',
    total_shards: 1,
    requirements: { tags: ['moon'] },
  });
  await fleet.api('POST', `/test-runs/${newer.number}/cancel`, {});
  await page.goto('/launch');
  const chosen = page.getByLabel('Project', { exact: true }).locator('option:checked');
  await expect(chosen).toHaveText('shop');
  await page.evaluate(() => localStorage.clear());
  await page.goto('/launch');
  await expect(chosen).toHaveText('blog');
});

test('the address holds the launch, except for the values of variables', async ({ page, complaints }) => {
  // Begun anew, it is for the project of the newest run, of which no run may have told yet what it consists of.
  complaints.allow(/409/);
  await page.goto('/launch?project=shop');
  await page.getByLabel('Title matches').fill('price');
  await page.getByLabel('Name of a variable').fill('TOKEN');
  await page.getByLabel('Name of a variable').press('Enter');
  await page.getByLabel('Value of TOKEN').fill('hunter2');
  await expect(page).toHaveURL(/grep=price/);
  await expect(page).toHaveURL(/env=TOKEN/);
  expect(page.url()).not.toContain('hunter2');
  await page.reload();
  await expect(page.getByLabel('Title matches')).toHaveValue('price');
  await expect(page.getByLabel('Value of TOKEN')).toHaveValue('');
  // And as a draft, where no address says otherwise.
  await page.goto('/launch');
  await expect(page.getByText('This is what you had begun here.')).toBeVisible();
  await expect(page.getByLabel('Title matches')).toHaveValue('price');
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('hunter2');
  await page.getByRole('button', { name: 'Begin anew' }).click();
  await expect(page.getByLabel('Title matches')).toHaveValue('');
});

test('by keyboard alone: what is wrong gets the focus and the words of the coordinator, then it starts', async ({
  page,
  complaints,
}) => {
  complaints.allow(/422/);
  await page.goto('/launch?project=shop');
  const base = page.getByLabel('Base URL');
  await expect(page.getByText('6 of 6 tests')).toBeVisible();
  await page.keyboard.press('Tab');
  for (let i = 0; i < 60 && !(await base.evaluate((one) => one === document.activeElement)); i += 1) {
    await page.keyboard.press('Tab');
  }
  await expect(base).toBeFocused();
  await page.keyboard.type('nonsense');
  await page.keyboard.press('Control+Enter');
  await expect(base).toHaveAttribute('aria-invalid', 'true');
  await expect(base).toBeFocused();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('https://shop.example.com');
  await page.keyboard.press('Control+Enter');
  await expect(page).toHaveURL(/\/runs\/\d+$/);
});

test('a template keeps what the page says, starts runs, and goes', async ({ page, fleet }) => {
  await page.goto('/launch?project=shop&grep=price&labels=nightly');
  await page.getByRole('button', { name: 'Save as a template' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Prices');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await page.goto('/launch');
  await page.getByRole('button', { name: 'Begin anew' }).click();
  await page.getByLabel('Template', { exact: true }).selectOption({ label: 'Prices' });
  await expect(page.getByLabel('Title matches')).toHaveValue('price');
  await expect(page.getByText('2 of 6 tests')).toBeVisible();
  await page.getByRole('button', { name: 'Start the run' }).click();
  await expect(page).toHaveURL(/\/runs\/\d+$/);
  const run = await fleet.api<Run>('GET', `/test-runs/${numberIn(page.url())}`);
  expect(run.tags).toEqual(['nightly']);
  expect(run.config.args).toEqual(['--grep=price']);
  await page.goto('/launch');
  await page.getByLabel('Template', { exact: true }).selectOption({ label: 'Prices' });
  await page.getByRole('button', { name: 'Template', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Delete the template' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete the template' }).click();
  await expect(page.getByText('The template Prices is deleted')).toBeVisible();
  await expect(page.getByLabel('Template', { exact: true })).toBeHidden();
});

test.describe('somebody who may only look', () => {
  test.use({ as: 'viewer' });
  test('sees what a run would be and why they cannot start it', async ({ page }) => {
    await page.goto('/launch?project=shop');
    await expect(page.getByText('6 of 6 tests')).toBeVisible();
    await expect(page.getByRole('note')).toContainText('Ask a maintainer of your team for the role runner');
    await expect(page.getByRole('button', { name: 'Start the run' })).toBeHidden();
    await expect(page.getByRole('button', { name: 'Save as a template' })).toBeHidden();
  });
});

test('everybody can use it', async ({ page }) => {
  await page.goto('/launch?project=shop&env=TOKEN&labels=nightly&after=12');
  await expect(page.getByText('6 of 6 tests')).toBeVisible();
  await expectAccessible(page);
});
