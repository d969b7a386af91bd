import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { endingOf, judgeEdge, type Ending } from '../../../coordinator/runs/rules/dependencies.ts';
import type { DependencyRule, Run } from '../../../shared/protocol/rest/runs.ts';
import type { Grant } from '../../../shared/protocol/work.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker } from '../../support/link-worker.ts';
import { plannedTest } from '../../support/suites.ts';

vi.setConfig({ testTimeout: 60_000 });

type Edge = Partial<DependencyRule> & { run: string };

async function create(coordinator: TestCoordinator, name: string, depends_on: Edge[] = []): Promise<string> {
  const body = { name, total_shards: 1, depends_on };
  const answer = await coordinator.request('POST', '/api/v1/test-runs/create', body);
  return (await okJson<{ test_run_id: string }>(answer)).test_run_id;
}

const read = async (coordinator: TestCoordinator, id: string) =>
  okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${id}`));

const depend = (coordinator: TestCoordinator, id: string, depends_on: Edge[]) =>
  coordinator.request('POST', `/api/v1/test-runs/${id}/dependencies`, { depends_on });

/** One test that ends as asked. */
async function end(worker: LinkWorker, grant: Grant, how: 'passed' | 'failed'): Promise<void> {
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  const id = `t-${grant.taskId}`;
  const planned = { playwrightVersion: '1.65.1', tests: [plannedTest(id)], supportingTestIds: [] };
  await worker.report({ kind: 'planned', ...heldOf(grant), ...planned });
  const settled = [
    { testId: id, outcome: how === 'passed' ? ('expected' as const) : ('unexpected' as const), attempts: 1 },
  ];
  await worker.report({ kind: 'results', ...heldOf(grant), attempts: [], settled, errors: [] });
  expect(await worker.carryOut(grant)).toBe('accepted');
}

test('what an edge comes to follows from how the run ended, and only a retry that ends as it should helps one that waits', () => {
  const endings: (Ending | null)[] = [null, 'passed', 'failed', 'cancelled'];
  const judge = (on: DependencyRule['on'], otherwise: DependencyRule['otherwise'], retries: (Ending | null)[] = []) =>
    endings.map((ending) => judgeEdge({ on, otherwise }, { ending, retries }));
  expect(judge('success', 'skip')).toEqual(['waiting', 'met', 'never', 'never']);
  expect(judge('failure', 'skip')).toEqual(['waiting', 'never', 'met', 'never']);
  expect(judge('success', 'run')).toEqual(['waiting', 'met', 'met', 'met']);
  expect(judge('success', 'wait', [null, 'failed'])).toEqual(['waiting', 'met', 'waiting', 'waiting']);
  expect(judge('success', 'wait', ['failed', 'passed'])).toEqual(['waiting', 'met', 'met', 'met']);
  for (const otherwise of ['skip', 'run', 'wait'] as const)
    expect(judge('end', otherwise)).toEqual(['waiting', 'met', 'met', 'met']);
});

test('a run waits until the one before has passed, and says so', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 2 });
  await worker.connect();
  const first = await create(coordinator, 'build');
  const second = await create(coordinator, 'shop', [{ run: first }]);
  const grant = await worker.grant();
  expect(grant.runId).toBe(first);
  expect(await read(coordinator, second)).toMatchObject({
    status: 'pending',
    reason: 'Begins once run #1 (build) has passed',
    depends_on: [{ run_id: first, number: 1, on: 'success', otherwise: 'skip', status: 'running', met: false }],
  });
  expect(worker.waiting('grant')).toBe(0);
  await end(worker, grant, 'passed');
  const next = await worker.grant();
  expect(next.runId).toBe(second);
  expect(await read(coordinator, second)).toMatchObject({
    status: 'running',
    reason: null,
    depends_on: [{ met: true }],
  });
});

test('a failure skips, is passed over, or is waited out, as each edge says, and what waits for a skipped run is skipped too', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const build = await create(coordinator, 'build');
  const skipped = await create(coordinator, 'skipped', [{ run: build }]);
  const behind = await create(coordinator, 'behind', [{ run: skipped }]);
  const patient = await create(coordinator, 'patient', [{ run: '#1'.slice(1), otherwise: 'wait' }]);
  const clean = await create(coordinator, 'clean up', [{ run: build, on: 'failure' }]);
  await end(worker, await worker.grant(), 'failed');
  expect(await read(coordinator, skipped)).toMatchObject({
    status: 'cancelled',
    reason: 'Not run: run #1 (build) failed, and this run was to begin once it has passed',
    tasks: { total: 1, finished: 1 },
  });
  expect(await read(coordinator, behind)).toMatchObject({
    status: 'cancelled',
    reason: 'Not run: run #2 (skipped) was cancelled, and this run was to begin once it has passed',
  });
  expect(await read(coordinator, patient)).toMatchObject({
    status: 'pending',
    reason: 'Begins once a retry of run #1 (build), which failed, has passed',
  });
  const cleaning = await worker.grant();
  expect(cleaning.runId).toBe(clean);
  await end(worker, cleaning, 'passed');
  const retry = async () =>
    okJson(await coordinator.request('POST', `/api/v1/test-runs/${build}/retry`, { only: 'all' }));
  await retry();
  await end(worker, await worker.grant(), 'failed');
  expect((await read(coordinator, patient)).status).toBe('pending');
  await retry();
  await end(worker, await worker.grant(), 'passed');
  expect((await worker.grant()).runId).toBe(patient);
});

test('a cancelled run takes with it what waited for its success, and lets go what waited for its end, before the answer', async () => {
  const coordinator = await startCoordinator();
  const first = await create(coordinator, 'first');
  const [second, third, after] = [
    await create(coordinator, 'second', [{ run: first }]),
    await create(coordinator, 'third', [{ run: '2', on: 'failure', otherwise: 'wait' }]),
    await create(coordinator, 'after', [{ run: first, on: 'end' }]),
  ];
  await okJson(await coordinator.request('POST', `/api/v1/test-runs/${first}/cancel`, {}));
  expect((await read(coordinator, second)).status).toBe('cancelled');
  expect((await read(coordinator, third)).status).toBe('pending');
  expect((await read(coordinator, after)).depends_on).toMatchObject([{ met: true }]);
  // One that comes late is treated as if it had been there.
  expect((await read(coordinator, await create(coordinator, 'late', [{ run: first }]))).status).toBe('cancelled');
});

test('circles, oneself and unknown runs are refused by name, and nothing of the request is stored', async () => {
  const coordinator = await startCoordinator();
  const a = await create(coordinator, 'a');
  const worker = await LinkWorker.enrol(coordinator, { slots: 1 });
  await worker.connect();
  const grant = await worker.grant();
  const b = await create(coordinator, 'b', [{ run: a }]);
  const c = await create(coordinator, 'c', [{ run: b }]);
  const free = await create(coordinator, 'free', [{ run: a }]);
  const refused = async (id: string, edges: Edge[]) => {
    const answer = await depend(coordinator, id, edges);
    return [answer.status, ((await answer.json()) as { detail: string }).detail];
  };
  expect(await refused(b, [{ run: free }, { run: c }])).toEqual([
    422,
    'depends_on.1.run would wait for ever: #2 (b) → #3 (c) → #2 (b)',
  ]);
  expect((await read(coordinator, b)).depends_on).toHaveLength(1);
  expect(await refused(b, [{ run: b }])).toEqual([422, 'depends_on.0.run would wait for ever: #2 (b) → #2 (b)']);
  expect(await refused(b, [{ run: '99' }])).toEqual([422, 'depends_on.0.run names no test run: "99"']);
  const body = { name: 'lost', total_shards: 1, depends_on: [{ run: 'nobody' }] };
  expect((await coordinator.request('POST', '/api/v1/test-runs/create', body)).status).toBe(422);
  const { items } = await okJson<{ items: Run[] }>(await coordinator.request('GET', '/api/v1/test-runs'));
  expect(items).toHaveLength(4);
  expect(await refused(a, [{ run: c }])).toEqual([
    409,
    `Test run ${a} is running: only a run that has not begun can wait for others.`,
  ]);
  // Added while it is pending: it waits for that too.
  expect((await depend(coordinator, c, [{ run: free }])).status).toBe(200);
  expect((await read(coordinator, c)).reason).toBe('Begins once run #2 (b) has passed, run #4 (free) has passed');
  await end(worker, grant, 'passed');
});

test('what waits is taken up after a restart', async () => {
  const before = await startCoordinator();
  const worker = await LinkWorker.enrol(before, { slots: 1 });
  await worker.connect();
  const first = await create(before, 'first');
  const second = await create(before, 'second', [{ run: first }]);
  const grant = await worker.grant();
  await before.stop();
  const after = await startCoordinator({ again: before });
  await worker.connect([heldOf(grant)], after.url);
  await end(worker, grant, 'passed');
  expect((await worker.grant()).runId).toBe(second);
});

const pipelines = fc.array(
  fc.record({
    how: fc.constantFrom('passed' as const, 'failed' as const),
    edges: fc.uniqueArray(
      fc.record({
        to: fc.nat(),
        on: fc.constantFrom('success' as const, 'end' as const, 'failure' as const),
        otherwise: fc.constantFrom('skip' as const, 'run' as const),
      }),
      { maxLength: 3, selector: (edge) => edge.to % 8 },
    ),
  }),
  { minLength: 8, maxLength: 8 },
);

test('in any pipeline, nothing begins before what it waits for, and every run ends as the edges say', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator, { slots: 3 });
  await worker.connect();
  await fc.assert(
    fc.asyncProperty(pipelines, async (pipeline) => {
      const ids: string[] = [];
      const expected: Ending[] = [];
      for (const [i, { how, edges }] of pipeline.entries()) {
        const mine = i === 0 ? [] : edges.map(({ to, ...rule }) => ({ ...rule, to: to % i }));
        const unique = [...new Map(mine.map((edge) => [edge.to, edge])).values()];
        ids.push(
          await create(
            coordinator,
            `r${i}`,
            unique.map(({ to, ...rule }) => ({ run: ids[to]!, ...rule })),
          ),
        );
        const verdicts = unique.map(({ to, ...rule }) => judgeEdge(rule, { ending: expected[to]!, retries: [] }));
        expected.push(verdicts.includes('never') ? 'cancelled' : how);
      }
      const runs = expected.filter((ending) => ending !== 'cancelled').length;
      for (let i = 0; i < runs; i++) {
        const grant = await worker.grant();
        const run = await read(coordinator, grant.runId);
        for (const edge of run.depends_on)
          expect(endingOf({ state: edge.status, outcome: edge.outcome })).not.toBeNull();
        await end(worker, grant, pipeline[ids.indexOf(grant.runId)]!.how);
      }
      const ended = await Promise.all(ids.map((id) => read(coordinator, id)));
      expect(ended.map((run) => endingOf({ state: run.status, outcome: run.outcome }))).toEqual(expected);
      expect(worker.waiting('grant')).toBe(0);
    }),
    { numRuns: 15 },
  );
});
