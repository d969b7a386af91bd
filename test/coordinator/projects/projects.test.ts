import { expect, test } from 'vitest';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Project } from '../../../shared/protocol/rest/projects.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';

interface Page {
  items: Project[];
  next_cursor: string | null;
}

const list = async (coordinator: TestCoordinator, query = '') =>
  okJson<Page>(await coordinator.request('GET', `/api/v1/projects${query}`));

async function createRun(coordinator: TestCoordinator, project: string): Promise<Run> {
  const created = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'nightly', project });
  const { test_run_id: id } = await okJson<{ test_run_id: string }>(created);
  return okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${id}`));
}

test('projects are listed by name, with the number of their runs and the time of the last one', async () => {
  const coordinator = await startCoordinator();
  expect(await list(coordinator)).toEqual({ items: [], next_cursor: null });
  await createRun(coordinator, 'shop');
  const admin = await createRun(coordinator, 'admin');
  const shop = await createRun(coordinator, 'shop');
  const { items } = await list(coordinator);
  const team = { id: 'default', name: 'default' };
  expect(items).toEqual([
    { id: expect.any(String) as string, name: 'admin', team, runs: 1, last_run_at: admin.created_at },
    { id: expect.any(String) as string, name: 'shop', team, runs: 2, last_run_at: shop.created_at },
  ]);
});

test('the list comes in pages that shift nothing, and a bad cursor is refused', async () => {
  const coordinator = await startCoordinator();
  for (const name of ['b', 'd', 'c']) await createRun(coordinator, name);
  const first = await list(coordinator, '?limit=2');
  expect(first.items.map(({ name }) => name)).toEqual(['b', 'c']);
  await createRun(coordinator, 'a');
  const second = await list(coordinator, `?limit=2&cursor=${first.next_cursor ?? ''}`);
  expect(second.items.map(({ name }) => name)).toEqual(['d']);
  expect(second.next_cursor).toBeNull();
  const bad = await coordinator.request('GET', '/api/v1/projects?cursor=nonsense');
  expect(bad.status).toBe(422);
  expect(((await bad.json()) as Problem).errors?.map(({ field }) => field)).toEqual(['cursor']);
});
