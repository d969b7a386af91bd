import { expect, expectAccessible, live, test } from './support/fixtures.ts';

test('without a run it says how to start one', async ({ page, fleet }) => {
  await page.goto('/runs?project=nothing-of-that-name');
  await expect(page.getByRole('heading', { name: 'No run matches' })).toBeVisible();
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect(page).toHaveURL(`${fleet.url}/runs`);
});

test('a run is seen as it goes on, to its verdict, without a reload', async ({ page, fleet }) => {
  await page.goto('/runs');
  await live(page);
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  const running = fleet.run({ name: 'Seen as it goes on' });
  const row = page.getByRole('row', { name: /Seen as it goes on/ });
  await expect(row).toContainText(/waiting|running/, { timeout: 60_000 });
  await running;
  await expect(row).toContainText('failed');
  await expect(row).toContainText('▲ 1');
  await expect(row).toContainText('✓ 3');
  expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
});

test('runs are found by name, state, project and tag; the address holds it all', async ({ page, fleet }) => {
  const { number } = await fleet.finishedRun();
  const small = page.getByRole('row', { name: new RegExp(`#${number} Small suite`) });
  await fleet.waitingRun('Moon landing');
  await page.goto('/runs');
  await live(page);
  await page.keyboard.press('/');
  await page.keyboard.type('moon');
  await expect(page.getByRole('row', { name: /Moon landing/ })).toBeVisible();
  await expect(small).toBeHidden();
  await expect(page).toHaveURL(`${fleet.url}/runs?q=moon`);
  await page.keyboard.press('Escape');
  await page.getByLabel('State').selectOption('Failed');
  await expect(small).toBeVisible();
  await expect(page.getByRole('row', { name: /Moon landing/ })).toBeHidden();
  await page.goto('/runs?tag=nightly&project=shop');
  await expect(page.getByRole('row', { name: /Moon landing/ })).toBeVisible();
  await expect(small).toBeHidden();
  await expect(page.getByLabel('Project')).toHaveValue('shop');
});

test('keys mark, select and open', async ({ page, fleet }) => {
  await fleet.finishedRun();
  const { number } = await fleet.waitingRun('Key target');
  await page.goto('/runs');
  await live(page);
  await expect(page.getByRole('row', { name: /Key target/ })).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await expect(page.getByRole('checkbox', { name: /Key target/ })).toBeChecked();
  await page.keyboard.press('x');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`${fleet.url}/runs/${number}`);
});

test('several runs are cancelled at once, after asking', async ({ page, fleet }) => {
  await fleet.waitingRun('Bulk one');
  await fleet.waitingRun('Bulk two');
  await page.goto('/runs?q=Bulk');
  await live(page);
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await page.getByRole('button', { name: 'Cancel (2)' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel 2 runs' }).click();
  await expect(page.getByText('2 runs cancelled')).toBeVisible();
  await expect(page.getByRole('row', { name: /Bulk one/ })).toContainText('cancelled');
  await expect(page.getByRole('row', { name: /Bulk two/ })).toContainText('cancelled');
});

test('what failed is run again, and taken back', async ({ page, fleet }) => {
  const { id } = await fleet.finishedRun();
  const again = async () =>
    (await fleet.api<{ items: { rerun_of: string | null; status: string }[] }>('GET', '/test-runs')).items.filter(
      (run) => run.rerun_of === id,
    );
  await page.goto('/runs?state=failed');
  await live(page);
  await page
    .getByRole('checkbox', { name: /Small suite/ })
    .first()
    .check();
  await page.getByRole('button', { name: 'Run failed again (1)' }).click();
  await expect(page.getByText('1 run started again')).toBeVisible();
  expect(await again()).toHaveLength(1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(async () => (await again())[0]?.status).toBe('cancelled');
});

test('everybody can use the list', async ({ page, fleet }) => {
  await fleet.finishedRun();
  await page.goto('/runs');
  await live(page);
  await expect(page.getByRole('row', { name: /Small suite/ }).first()).toBeVisible();
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await expectAccessible(page);
});

test.describe('a viewer', () => {
  test.use({ as: 'viewer' });

  test('sees the runs and no buttons that would be refused', async ({ page, fleet }) => {
    await fleet.finishedRun();
    await page.goto('/runs');
    await live(page);
    await expect(page.getByRole('row', { name: /Small suite/ }).first()).toBeVisible();
    await expect(page.getByRole('checkbox')).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'Start a run' })).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'Audit log' })).toHaveCount(0);
  });
});
