import { expect, test } from 'vitest';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Preview, Sources, Suite } from '../../../shared/protocol/rest/launch.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';
import { LinkWorker } from '../../support/link-worker.ts';
import { runSuite } from '../../support/suite-runs.ts';

const SHOP = {
  'pay by card': { ms: 4_000, plan: { file: 'cart.spec.ts', line: 3, tags: ['@smoke'] } },
  'pay by bill': { ms: 2_000, plan: { file: 'cart.spec.ts', line: 9 } },
  'pay later': { ms: 3_000, plan: { file: 'cart.spec.ts', line: 20, tags: ['@smoke', '@slow'], project: 'phone' } },
  home: { ms: 1_000, plan: { file: 'pages/home.spec.ts' } },
};

async function withShop() {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { name: 'mac-1', slots: 2 });
  await worker.connect();
  await runSuite(coordinator, worker, SHOP, { metadata: { git: { branch: 'main', commit: 'a'.repeat(40) } } });
  const ask = async (path: string, body?: object) =>
    coordinator.request(body ? 'POST' : 'GET', `/api/v1/projects/shop${path}`, body);
  const preview = async (choice: object) => okJson<Preview>(await ask('/preview', choice));
  return { coordinator, worker, ask, preview };
}

test('what is known of a suite is that of the newest run that took all of it', async () => {
  const { coordinator, worker, ask } = await withShop();
  await runSuite(coordinator, worker, { home: {} }, { config: { args: ['--grep', 'home'] } });
  const suite = await okJson<Suite>(await ask('/suite'));
  expect(suite).toMatchObject({
    basis: { number: 1, partial: false },
    tests: 4,
    projects: [
      { name: 'desktop', tests: 3 },
      { name: 'phone', tests: 1 },
    ],
    tags: [
      { name: '@smoke', tests: 2 },
      { name: '@slow', tests: 1 },
    ],
    files: [
      { name: 'cart.spec.ts', tests: 3 },
      { name: 'pages/home.spec.ts', tests: 1 },
    ],
    playwright_version: '1.65.1',
  });
  expect(suite.basis.age_ms).toBeLessThan(60_000);
  const nothing = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'x', project: 'empty' });
  expect(nothing.status).toBe(201);
  const refused = await coordinator.request('GET', '/api/v1/projects/empty/suite');
  expect(((await refused.json()) as Problem).code).toBe('nothing_known');
});

test.each([
  [{}, ['pay by card', 'pay by bill', 'pay later', 'home']],
  [{ grep: 'by (card|bill)' }, ['pay by card', 'pay by bill']],
  [{ grep: '/PAY/' }, []],
  [{ grep: 'phone cart.spec.ts pay' }, ['pay later']],
  [{ grep: '@smoke', grep_invert: 'later' }, ['pay by card']],
  [{ tags: ['slow'] }, ['pay later']],
  [{ projects: ['PH*'] }, ['pay later']],
  [{ files: ['home', './cart.spec.ts:9'] }, ['pay by bill', 'home']],
  [{ files: ['^cart'] }, []],
])('%j takes %j', async (choice, names) => {
  const { preview } = await withShop();
  const found = await preview(choice);
  expect([found.matching, found.of, found.first.map((one) => one.test_id)]).toEqual([names.length, 4, names]);
});

test('the time is foreseen from what the tests took, for the workers that may take them', async () => {
  const { preview } = await withShop();
  const all = await preview({});
  expect(all).toMatchObject({ workers: 1, slots: 2, slots_free: 2, why_no_workers: null });
  expect(all.prediction).toMatchObject({ work_ms: 10_000, longest_ms: 4_000, lower_bound_ms: 5_000, known: 4 });
  expect(all.prediction!.duration_ms).toBeGreaterThanOrEqual(5_000);
  expect((await preview({ slots: 4 })).prediction).toMatchObject({ lower_bound_ms: 4_000 });
  const nobody = await preview({ requirements: { tags: ['gpu'] } });
  expect(nobody).toMatchObject({ workers: 0, prediction: null });
  expect(nobody.why_no_workers).toContain('mac-1 lacks the tag gpu');
  expect((await preview({ grep: 'nothing like it' })).prediction).toBeNull();
});

test.each([
  [{ grep: '(' }, 'grep', 'is no regular expression'],
  [{ files: ['a', '*'] }, 'files[1]', 'is no regular expression'],
  [{ grep: '(p|pa|a|ay|y|pay| |b)+#' }, 'grep', 'takes too long'],
  [{ greb: 'x' }, 'greb', ''],
])('%j is refused, and the answer names %s', async (choice, field, message) => {
  const { coordinator, worker } = await withShop();
  await runSuite(coordinator, worker, { ['pay '.repeat(30)]: {} });
  const refused = (await (
    await coordinator.request('POST', '/api/v1/projects/shop/preview', choice)
  ).json()) as Problem;
  expect([refused.status, refused.errors?.[0]?.field]).toEqual([422, field]);
  expect(refused.errors?.[0]?.message).toContain(message);
});

test('where earlier runs had their files from is told, the newest first', async () => {
  const { coordinator, worker, ask } = await withShop();
  const git = {
    type: 'git',
    url: 'https://git.example.com/shop.git',
    ref: 'feature',
    commit: 'b'.repeat(40),
    projectDir: 'e2e',
  };
  await runSuite(coordinator, worker, { home: {} }, { source: git, environment: 'staging' });
  const found = await okJson<Sources>(await ask('/sources'));
  expect(found.branches).toMatchObject([
    {
      branch: 'feature',
      commit: 'b'.repeat(40),
      git: { url: git.url, projectDir: 'e2e' },
      runs: 1,
      last: { number: 2 },
    },
    { branch: 'main', commit: 'a'.repeat(40), git: null, last: { number: 1 } },
  ]);
  expect(found.bundles).toMatchObject([{ branch: 'main', stored: false, last: { number: 1 } }]);
  expect(found.environments).toEqual(['staging']);
});
