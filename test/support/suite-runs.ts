/** Runs whose tests end as a test of ours wants, told by the real report path: discovery, grants, attempts, settlements. */
import { createHash } from 'node:crypto';
import type { Attachment, PlannedTest, TestError } from '../../shared/protocol/playwright.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import type { Grant } from '../../shared/protocol/work.ts';
import { okJson, type TestCoordinator } from './coordinator.ts';
import { heldOf, type LinkWorker } from './link-worker.ts';
import { discoveryOf, plannedTest } from './suites.ts';

export interface Told {
  /** flaky: failed once, then passed. */
  ends?: 'passed' | 'failed' | 'flaky' | 'skipped';
  ms?: number;
  /** Of the attempts that failed. */
  errors?: TestError[];
  attachments?: Attachment[];
  plan?: Partial<PlannedTest>;
}
export type Suite = Record<string, Told>;

type Ask = TestCoordinator['request'];

/** Other tests are other files: what was discovered of the same ones is not asked for again. */
const treeOf = (suite: Suite): string => createHash('sha256').update(JSON.stringify(suite)).digest('hex');

/** Creates a queue run, carries all of it out on `worker`, and returns it as it ended. */
export async function runSuite(
  coordinator: Pick<TestCoordinator, 'request'>,
  worker: LinkWorker,
  suite: Suite,
  create: object = {},
  ask: Ask = coordinator.request,
): Promise<Run> {
  const source = { type: 'bundle', tree: treeOf(suite), projectDir: '' };
  const body = { name: 'nightly', source, project: 'shop', ...create };
  const made = await okJson<{ test_run_id: string }>(await ask('POST', '/api/v1/test-runs/create', body));
  const run = await carryOut(worker, made.test_run_id, suite, () => readRun(ask, made.test_run_id));
  return run;
}

export const readRun = async (ask: Ask, id: string) => okJson<Run>(await ask('GET', `/api/v1/test-runs/${id}`));

async function carryOut(worker: LinkWorker, runId: string, suite: Suite, read: () => Promise<Run>): Promise<Run> {
  const left = new Set(Object.keys(suite));
  while (left.size > 0) {
    const grant = await worker.grant((one) => one.runId === runId);
    await worker.report({ kind: 'begin', ...heldOf(grant) });
    if (grant.work.kind === 'discover') {
      const discovery = discoveryOf(Object.keys(suite), {
        tests: Object.entries(suite).map(([id, { plan }]) => plannedTest(id, plan)),
      });
      await worker.report({ kind: 'discovered', ...heldOf(grant), discovery, commit: null });
    } else if (grant.work.kind === 'units') {
      await tell(worker, grant, suite, grant.work.testIds);
      for (const id of grant.work.testIds) left.delete(id);
    }
    await worker.carryOut(grant);
  }
  return read();
}

export async function tell(worker: LinkWorker, grant: Grant, suite: Suite, testIds: readonly string[]): Promise<void> {
  const attempts = testIds.flatMap((testId) => {
    const { ends = 'passed', ms = 10, errors = [{ message: 'Error: no' }], attachments = [] } = suite[testId] ?? {};
    const one = (status: 'passed' | 'failed' | 'skipped', retry: number) => ({
      testId,
      retry,
      status,
      startedAt: 0,
      durationMs: ms,
      errors: status === 'failed' ? errors : [],
      steps: [],
      annotations: [],
      stdout: '',
      stderr: '',
      workerIndex: 0,
      parallelIndex: 0,
      attachments: status === 'failed' ? attachments : [],
    });
    return ends === 'flaky' ? [one('failed', 0), one('passed', 1)] : [one(ends, 0)];
  });
  const outcomes = { passed: 'expected', failed: 'unexpected', flaky: 'flaky', skipped: 'skipped' } as const;
  const settled = testIds.map((testId) => {
    const ends = suite[testId]?.ends ?? 'passed';
    return { testId, outcome: outcomes[ends], attempts: ends === 'flaky' ? 2 : 1 };
  });
  await worker.report({ kind: 'results', ...heldOf(grant), attempts, settled, errors: [] });
}
