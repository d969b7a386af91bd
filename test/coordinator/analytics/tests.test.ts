import { expect, test } from 'vitest';
import type { TestHistory, TestStanding } from '../../../shared/protocol/rest/tests.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { LinkWorker } from '../../support/link-worker.ts';
import { runSuite, type Told } from '../../support/suite-runs.ts';

type Page = { items: TestStanding[]; total: number; next_cursor: string | null };

async function withHistory(): Promise<TestCoordinator> {
  const coordinator = await startCoordinator();
  const [one, other] = [
    await LinkWorker.enrol(coordinator, { name: 'steady', slots: 1 }),
    await LinkWorker.enrol(coordinator, { name: 'shaky', slots: 1, tags: ['shaky'] }),
  ];
  await one.connect();
  const ends = (pay: Told['ends'], search: Told['ends']) => ({
    pay: { ends: pay!, ms: 400, plan: { titlePath: ['cart', 'pay'], file: 'cart.spec.ts', line: 7, tags: ['@smoke'] } },
    search: { ends: search!, ms: 900 },
    home: { ms: 20 },
  });
  const git = (commit: string) => ({ metadata: { git: { branch: 'main', commit, changed: false } } });
  await runSuite(coordinator, one, ends('passed', 'passed'), git('a'.repeat(40)));
  await runSuite(coordinator, one, ends('failed', 'flaky'), git('b'.repeat(40)));
  await other.connect();
  await runSuite(coordinator, other, ends('failed', 'passed'), {
    ...git('c'.repeat(40)),
    requirements: { tags: ['shaky'] },
  });
  return coordinator;
}

test('a test has its results newest first, with machine, branch and commit, and what they come to', async () => {
  const coordinator = await withHistory();
  const read = async (path: string) =>
    okJson<TestHistory>(await coordinator.request('GET', `/api/v1/projects/shop${path}`));
  const pay = await read('/tests/pay');
  expect(pay).toMatchObject({
    title: 'cart › pay',
    file: 'cart.spec.ts',
    line: 7,
    tags: ['@smoke'],
    counted: 3,
    runs: 3,
    unexpected: 2,
    failure_rate: 2 / 3,
    flaky_rate: 0,
    mean_ms: 400,
    p95_ms: 400,
    first_seen: { number: 1 },
    last_changed: { number: 2, from: 'expected', to: 'unexpected' },
  });
  expect(
    pay.results.map(({ number, outcome, worker, branch, commit }) => [number, outcome, worker, branch, commit?.[0]]),
  ).toEqual([
    [3, 'unexpected', 'shaky', 'main', 'c'],
    [2, 'unexpected', 'steady', 'main', 'b'],
    [1, 'expected', 'steady', 'main', 'a'],
  ]);
  expect(pay.workers.map(({ worker, runs, unexpected }) => [worker, runs, unexpected])).toEqual([
    ['steady', 2, 1],
    ['shaky', 1, 1],
  ]);
  expect((await read('/tests/search?last=1')).results).toHaveLength(1);
  expect(await read('/tests/search')).toMatchObject({
    flaky: 1,
    flaky_rate: 1 / 3,
    mean_ms: (900 + 1800 + 900) / 3,
    max_ms: 1800,
  });
  expect((await coordinator.request('GET', '/api/v1/projects/shop/tests/nothing')).status).toBe(404);
  expect((await coordinator.request('GET', '/api/v1/projects/nothing/tests/pay')).status).toBe(404);
});

test('tests of a project are listed by what is wrong with them, in pages that do not overlap', async () => {
  const coordinator = await withHistory();
  const list = async (query: string) =>
    okJson<Page>(await coordinator.request('GET', `/api/v1/projects/shop/tests?${query}`));
  const names = ({ items }: Page) => items.map((item) => item.test_id);
  expect(names(await list('sort=failing'))).toEqual(['pay', 'search']);
  expect(names(await list('sort=flaky'))).toEqual(['search', 'pay']);
  expect(names(await list('sort=slow'))).toEqual(['search', 'pay', 'home']);
  const first = await list('sort=slowest&limit=2');
  expect(first.total).toBe(3);
  expect(first.items[0]).toMatchObject({
    test_id: 'search',
    max_ms: 1800,
    p50_ms: 900,
    last: { number: 3, outcome: 'expected' },
  });
  const second = await list(`sort=slowest&limit=2&cursor=${first.next_cursor}`);
  expect([...names(first), ...names(second)]).toEqual(['search', 'pay', 'home']);
  expect(second.next_cursor).toBeNull();
  const before = await list('sort=slow&to=2020-01-02T00:00:00Z');
  expect(before).toMatchObject({ total: 0, items: [] });
  expect((await coordinator.request('GET', '/api/v1/projects/shop/tests?from=2030-01-01T00:00:00Z')).status).toBe(422);
});
