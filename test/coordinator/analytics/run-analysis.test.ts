import { expect, test } from 'vitest';
import type { Comparison, FailureClusters } from '../../../shared/protocol/rest/analysis.ts';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';
import { LinkWorker } from '../../support/link-worker.ts';
import { runSuite, type Suite } from '../../support/suite-runs.ts';

async function setUp() {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { name: 'mac-1', slots: 1 });
  await worker.connect();
  return { coordinator, run: (suite: Suite, create?: object) => runSuite(coordinator, worker, suite, create) };
}

const total = (received: string): Suite[string] => ({
  ends: 'failed',
  errors: [
    {
      message: `Error: expect(locator).toHaveText(expected) failed\n\nLocator: getByTestId('total')\nReceived: "${received}"`,
    },
  ],
});

test('failed and flaky tests of a run are grouped by their error, those that failed first', async () => {
  const { coordinator, run } = await setUp();
  const { id, number } = await run({
    slow: { ends: 'flaky', errors: [{ message: 'Error: socket hang up' }] },
    'pay by card': total('1 €'),
    'pay by bill': { ...total('22 €'), plan: { titlePath: ['pay', 'by `bill` | @team'] } },
    home: {},
  });
  const found = await okJson<FailureClusters>(await coordinator.request('GET', `/api/v1/test-runs/${number}/failures`));
  expect(found).toMatchObject({ test_run_id: id, total: 3, counted: 3 });
  expect(
    found.clusters.map(({ unexpected, flaky, tests }) => [unexpected, flaky, tests.map((one) => one.test_id)]),
  ).toEqual([
    [2, 0, ['pay by card', 'pay by bill']],
    [0, 1, ['slow']],
  ]);
  expect(found.clusters[0]).toMatchObject({ example: expect.stringContaining('1 €') as string, workers: ['mac-1'] });
  expect(found.clusters[0]!.title).toContain("getByTestId('total')");
});

test('the report can be pasted as Markdown, where titles call nobody and break nothing', async () => {
  const { coordinator, run } = await setUp();
  const { number } = await run(
    {
      'by bill': { ...total('``` 22 €'), plan: { titlePath: ['pay', 'by `bill` | @team <b>'] } },
      slow: { ends: 'flaky', ms: 61_000 },
      home: {},
    },
    { name: 'main @ada <img>', metadata: { git: { branch: 'main', commit: 'abcdef0123456789' } } },
  );
  const answer = await coordinator.request('GET', `/api/v1/test-runs/${number}/report.md`);
  expect(answer.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
  const text = await answer.text();
  expect(text).toContain('## ❌ Run 1 failed: main @\u200bada \\<img\\>');
  expect(text).toContain('**1** failed · **1** flaky · **1** passed');
  expect(text).toContain('branch `main` · commit `abcdef0123`');
  expect(text).toContain('`[desktop] shop.spec.ts › pay › by ˋbillˋ | @team <b>` on `mac-1`');
  expect(text).toContain('````\nError: expect(locator)');
  expect(text).toContain('| `[desktop] shop.spec.ts › slow` | 2 min 2 s |');
  expect(text).toContain('passed after 2 attempts');
  expect(text).toMatch(/\| `mac-1` \| 3 \| 1 \|/);
});

test('two runs are compared test by test, with the run before it where none is named', async () => {
  const { coordinator, run } = await setUp();
  const compare = (id: number, query = '') => coordinator.request('GET', `/api/v1/test-runs/${id}/compare${query}`);
  await run({
    fixed: { ends: 'failed' },
    still: { ends: 'failed' },
    breaks: {},
    wobbles: {},
    slower: { ms: 1_000 },
    faster: { ms: 4_000 },
    gone: {},
    same: {},
    'a bit slower': { ms: 1_000 },
  });
  expect(((await (await compare(1)).json()) as Problem).code).toBe('nothing_to_compare');
  await run({
    fixed: {},
    still: { ends: 'failed' },
    breaks: { ends: 'failed' },
    wobbles: { ends: 'flaky' },
    slower: { ms: 2_000 },
    faster: { ms: 1_000 },
    same: {},
    new: {},
    'a bit slower': { ms: 1_400 },
  });
  const found = await okJson<Comparison>(await compare(2));
  expect([found.run.number, found.with.number, found.unchanged]).toEqual([2, 1, 2]);
  expect(found.items.map(({ change, test_id }) => [change, test_id])).toEqual([
    ['newly_failing', 'breaks'],
    ['fixed', 'fixed'],
    ['still_failing', 'still'],
    ['newly_flaky', 'wobbles'],
    ['slower', 'slower'],
    ['faster', 'faster'],
    ['added', 'new'],
    ['removed', 'gone'],
  ]);
  expect(found.items[4]).toMatchObject({
    title: 'slower',
    now: { duration_ms: 2_000 },
    before: { duration_ms: 1_000 },
  });
  const slower = await okJson<Comparison>(await compare(2, '?with=1&change=slower&percent=40&at_least_ms=100&limit=1'));
  expect(slower.counts.slower).toBe(2);
  const rest = await okJson<Comparison>(
    await compare(2, `?with=1&change=slower&percent=40&at_least_ms=100&limit=1&cursor=${slower.next_cursor}`),
  );
  expect([...slower.items, ...rest.items].map((item) => item.test_id)).toEqual(['slower', 'a bit slower']);
  expect(rest.next_cursor).toBeNull();
  await run({ x: {} }, { project: 'other' });
  for (const other of ['3', 'nothing']) {
    const refused = (await (await compare(2, `?with=${other}`)).json()) as Problem;
    expect([refused.status, refused.errors?.[0]?.field]).toEqual([422, 'with']);
  }
});
