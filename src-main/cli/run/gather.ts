/** Collects what the last words on a run need. */
import { page } from '../../../shared/protocol/rest/common.ts';
import type { TestError } from '../../../shared/protocol/playwright.ts';
import { testDetail, testSummary } from '../../../shared/protocol/rest/results.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { emptyView } from '../../../shared/model/run-view.ts';
import { mapLimit } from '../../transfer/map-limit.ts';
import type { Api } from '../api.ts';
import { CliFailure } from '../failure.ts';
import { figuresOf } from './figures.ts';
import type { Followed } from './follow.ts';
import { DETAILED_FAILURES, nameFromSummary, type NamedTest, type Summary } from './summary.ts';

const LISTED = 500;
const CONCURRENT = 4;

/** `last`: what was seen while following; it serves where the coordinator does not answer any more. */
export async function gatherSummary(api: Api, run: Run, last: Followed | null): Promise<Summary> {
  const view = last?.view ?? emptyView(run.id);
  const tests = (outcome: 'unexpected' | 'flaky', seen: readonly NamedTest[]): Promise<readonly NamedTest[]> =>
    run.tests[outcome] === 0 ? Promise.resolve([]) : orSeen(listTests(api, run.id, outcome), seen);
  const [failures, flaky] = await Promise.all([tests('unexpected', view.unexpected), tests('flaky', view.flaky)]);
  const detailed = failures.slice(0, DETAILED_FAILURES);
  const errors = await orSeen(readErrors(api, run.id, detailed), new Map<string, TestError[]>());
  const absolute = (path: string): string => new URL(path, `${api.url}/`).href;
  return {
    name: run.name,
    number: run.number,
    figures: figuresOf({ view, polled: run, trouble: null }, Date.parse(run.created_at)),
    failures,
    errors,
    flaky,
    slowest: view.slowest,
    runErrors: view.errors.map((error) => error.message),
    workers: Object.values(view.workers).filter((worker) => worker.took_part).length,
    links: {
      report:
        run.report.state === 'ready' ? await orSeen(api.whereTo(run.links.report), absolute(run.links.report)) : null,
      api: absolute(run.links.self),
      archive: absolute(run.links.download),
    },
    reportTrouble: run.report.message,
  };
}

async function orSeen<T>(asked: Promise<T>, seen: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    // What is known of the run stands, even where its details cannot be had.
    if (error instanceof CliFailure) return seen;
    throw error;
  }
}

async function listTests(api: Api, runId: string, outcome: string): Promise<NamedTest[]> {
  const path = `/api/v1/test-runs/${encodeURIComponent(runId)}/tests?outcome=${outcome}&limit=${LISTED}`;
  return (await api.get(path, page(testSummary))).items.map(nameFromSummary);
}

/** Of each test, the errors of its last counted attempt. */
async function readErrors(api: Api, runId: string, tests: readonly NamedTest[]): Promise<Map<string, TestError[]>> {
  const errors = new Map<string, TestError[]>();
  await mapLimit(tests, CONCURRENT, async ({ test_id }) => {
    const path = `/api/v1/test-runs/${encodeURIComponent(runId)}/tests/${encodeURIComponent(test_id)}`;
    const { all_attempts } = await api.get(path, testDetail);
    const last = all_attempts.findLast((attempt) => attempt.counted);
    if (last && last.errors.length > 0) errors.set(test_id, last.errors);
  });
  return errors;
}
