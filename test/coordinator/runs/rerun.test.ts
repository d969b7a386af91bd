import { beforeEach, expect, test } from 'vitest';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker } from '../../support/link-worker.ts';
import { discoveryOf } from '../../support/suites.ts';

const OLD = { type: 'bundle', tree: 'a'.repeat(64), projectDir: 'e2e' };
const NEW = { type: 'bundle', tree: 'b'.repeat(64), projectDir: 'e2e' };

let coordinator: TestCoordinator;
let worker: LinkWorker;
/** A run with the tests kept and gone, which ended before they ran. */
let first: string;

const getRun = async (id: string) => okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${id}`));
const retry = (body: object) => coordinator.request('POST', `/api/v1/test-runs/${first}/retry`, body);
const retried = async (body: object) => getRun((await okJson<{ test_run_id: string }>(await retry(body))).test_run_id);

async function discover(testIds: string[]) {
  const grant = await worker.grant(({ work }) => work.kind === 'discover');
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  await worker.report({ kind: 'discovered', ...heldOf(grant), discovery: discoveryOf(testIds), commit: null });
  await worker.carryOut(grant);
  return grant;
}

beforeEach(async () => {
  coordinator = await startCoordinator();
  worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const create = {
    name: 'main aaaaaaaa',
    source: OLD,
    priority: 7,
    metadata: { ticket: 'S-1', git: { commit: 'a'.repeat(40) } },
  };
  const created = await coordinator.request('POST', '/api/v1/test-runs/create', create);
  first = (await okJson<{ test_run_id: string }>(created)).test_run_id;
  await discover(['kept', 'gone']);
  while ((await getRun(first)).status === 'running') await worker.carryOut(await worker.grant());
});

test('a rerun has the source of the earlier run unless it is given another, and else the same settings', async () => {
  const before = await getRun(first);
  const same = await retried({});
  expect(same).toMatchObject({ source: OLD, name: 'main aaaaaaaa', metadata: before.metadata, rerun_of: first });
  const git = { commit: 'b'.repeat(40) };
  const other = await retried({ source: NEW, name: 'main bbbbbbbb', metadata: { git } });
  expect(other).toMatchObject({ source: NEW, name: 'main bbbbbbbb', rerun_of: first, priority: 7 });
  expect(other.metadata).toEqual({ ticket: 'S-1', git });
});

test('the tests that failed are looked for in the new files; where none is there, the run says so', async () => {
  const rerun = await retried({ source: NEW });
  expect((await discover(['kept', 'added'])).source).toEqual(NEW);
  const grant = await worker.grant(({ runId }) => runId === rerun.id);
  expect(grant.work).toMatchObject({ kind: 'units', testIds: ['kept'] });
  const newer = { ...NEW, tree: 'c'.repeat(64) };
  await worker.carryOut(grant, ['kept']);
  const lost = await retried({ source: newer });
  await discover(['added']);
  expect(await getRun(lost.id)).toMatchObject({
    status: 'failed',
    reason: 'None of the tests to repeat is in these files any more: run all of the suite',
  });
});

test.each([
  [{ source: { type: 'bundle', tree: 'short', projectDir: '' } }, 'source.tree'],
  [{ source: { type: 'bundle', tree: 'a'.repeat(64), projectDir: '../up' } }, 'source.projectDir'],
  [{ source: { type: 'ftp' } }, 'source.type'],
  [{ source: null }, 'source'],
  [{ source: { ...NEW, extra: 1 } }, 'source.extra'],
  [{ name: '' }, 'name'],
])('%j is refused, and the answer names %s', async (body, field) => {
  const answer = await retry(body);
  expect(answer.status).toBe(422);
  expect(((await answer.json()) as Problem).errors?.map((error) => error.field)).toEqual([field]);
});

test('chosen tests are run again, whether they failed or not; an unknown one is named', async () => {
  const rerun = await retried({ tests: ['gone'] });
  const grant = await worker.grant(({ runId }) => runId === rerun.id);
  expect(grant.work).toMatchObject({ kind: 'units', testIds: ['gone'] });
  const refused = await retry({ tests: ['gone', 'made up'] });
  expect([refused.status, ((await refused.json()) as Problem).detail]).toEqual([
    404,
    expect.stringContaining('made up'),
  ]);
});
