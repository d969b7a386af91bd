import { expect, test } from 'vitest';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Grant } from '../../../shared/protocol/work.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker, passed } from '../../support/link-worker.ts';
import { failed } from '../../support/reports.ts';
import { discoveryOf } from '../../support/suites.ts';

const testIds = Array.from({ length: 8 }, (_, i) => `t${i}`);
const idsOf = (grant: Grant) => (grant.work.kind === 'units' ? grant.work.testIds : []);

async function create(coordinator: TestCoordinator, asked: object = {}): Promise<string> {
  const answer = await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'shop', ...asked });
  return (await okJson<{ test_run_id: string }>(answer)).test_run_id;
}

/** The grant of all tests of a new run, to its only slot. */
async function grantOfAll(worker: LinkWorker): Promise<Grant> {
  const discovery = await worker.grant((grant) => grant.work.kind === 'discover');
  await worker.report({ kind: 'begin', ...heldOf(discovery) });
  await worker.report({ kind: 'discovered', ...heldOf(discovery), discovery: discoveryOf(testIds), commit: null });
  await worker.carryOut(discovery);
  const grant = await worker.grant();
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  return grant;
}

test('what has failed lately begins first in a run that asks for it, and in its rerun, and in no other', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { name: 'only', slots: 1 });
  await worker.connect();
  const readRun = async (id: string) => okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${id}`));

  await create(coordinator);
  const first = await grantOfAll(worker);
  await worker.report(
    passed(
      first,
      testIds.filter((id) => id !== 't5' && id !== 't6'),
    ),
  );
  await worker.report(failed(first, ['t5', 't6']));
  await worker.carryOut(first);

  // t6 is mended: it may fail again, but t5 still does.
  await create(coordinator);
  const second = await grantOfAll(worker);
  expect(idsOf(second)[0]).not.toBe('t5');
  await worker.report(
    passed(
      second,
      testIds.filter((id) => id !== 't5'),
    ),
  );
  await worker.report(failed(second, ['t5']));
  await worker.carryOut(second);

  const runId = await create(coordinator, { order: 'likely_failures_first' });
  const third = await grantOfAll(worker);
  expect(idsOf(third).slice(0, 2)).toEqual(['t5', 't6']);
  expect(idsOf(third).toSorted()).toEqual(testIds);
  await worker.carryOut(third, testIds);
  expect(await readRun(runId)).toMatchObject({ order: 'likely_failures_first', status: 'completed' });

  const again = await coordinator.request('POST', `/api/v1/test-runs/${runId}/retry`, { only: 'all' });
  const { test_run_id: rerun } = await okJson<{ test_run_id: string }>(again);
  expect(await readRun(rerun)).toMatchObject({ order: 'likely_failures_first' });
  expect(idsOf(await grantOfAll(worker))[0]).toBe('t5');
});

test('a static run cannot ask for it: which test comes first there is for Playwright to say', async () => {
  const coordinator = await startCoordinator();
  const answer = await coordinator.request('POST', '/api/v1/test-runs/create', {
    name: 'shop',
    total_shards: 2,
    order: 'likely_failures_first',
  });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ errors: [{ field: 'order' }] });
});
