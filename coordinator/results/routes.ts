/** HTTP edge of results: /api/v1/results and the tests of a run. */
import { z } from 'zod';
import type { Context } from 'hono';
import type { Clock } from '../../shared/base/clock.ts';
import { explanation } from '../../shared/protocol/rest/explain.ts';
import { resultAnswer, resultSubmit, testDetail, testSummary } from '../../shared/protocol/rest/results.ts';
import { testOutcome } from '../../shared/protocol/playwright.ts';
import { run } from '../../shared/protocol/rest/runs.ts';
import { task } from '../../shared/protocol/rest/tasks.ts';
import { listTasks } from '../dispatch/queries.ts';
import { id as anyId, idParam, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import { fileNameOf } from '../artifacts/content-types.ts';
import type { AppEnv } from '../http/env.ts';
import { afterNumber, pageBy } from '../http/paging.ts';
import { requireWorker } from '../http/principal.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { findRunId, getRun } from '../runs/queries.ts';
import { unknownRun } from '../runs/routes.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { readLogs } from './logs.ts';
import { getTest, listTests } from './queries.ts';
import { explainRun } from './read-schedule.ts';
import { runFigures, runFiguresShape } from './run-figures.ts';
import type { Redaction } from './redaction.ts';
import { submitResult } from './submit-result.ts';

const runParam = z.object({ test_run_id: anyId });
const tags: [string] = ['Results'];

const resultsOfRun = z.object({
  test_run: run,
  figures: runFiguresShape,
  failures: z.array(testSummary),
  tasks: z.array(task),
});
const testFilter = z.strictObject({
  outcome: testOutcome.optional(),
  project: z.string().max(500).optional(),
  file: z.string().max(1000).optional(),
  search: z.string().max(200).optional(),
});
const logLine = z.object({
  id: z.int(),
  at: z.string(),
  task_id: z.string(),
  worker: z.string().nullable(),
  stream: z.enum(['stdout', 'stderr', 'agent']),
  text: z.string(),
});

const logQuery = pageQuery.extend({
  task_id: z.string().max(100).optional(),
  order: z.enum(['oldest', 'newest']).default('oldest'),
  /** Id of a line: only what comes behind it in this order. */
  after: z.coerce.number().int().min(0).optional(),
});

/** Of each run, its first failures and tasks come along; the rest is paged by the lists. */
const WITH_RESULTS = 100;

/** What the worker says in words; ids and figures stay. */
async function clean(r: ReadHandle, redaction: Redaction, submit: z.infer<typeof resultSubmit>) {
  const { metrics, report_url } = submit;
  return { ...submit, ...(await redaction.anything(r, submit.task_id, { metrics, report_url })) };
}

export interface ResultRoutesDeps {
  db: Database;
  clock: Clock;
  redaction: Redaction;
  /** Address of a stored file on the content origin. */
  fileUrl: (c: Context<AppEnv>, sha256: string, name: string, expiresAt: number) => string;
}

const HOUR_MS = 3_600_000;
/** A test is looked at for a while. By whole hours, so that who reads it again gets the same addresses and what the browser has kept. */
const linkEnd = (now: number): number => Math.ceil(now / HOUR_MS) * HOUR_MS + 8 * HOUR_MS;

export function resultRoutes({ db, clock, redaction, fileUrl }: ResultRoutesDeps) {
  const router = createRouter();
  return router
    .openapi(
      route({
        method: 'post',
        path: '/results/submit',
        tags,
        summary: "Submit a task's summary, for workers that do not report test by test",
        access: 'worker',
        request: { body: jsonBody(resultSubmit) },
        responses: { 200: json(resultAnswer, 'Stored') },
      }),
      async (c) => {
        const submit = c.req.valid('json');
        const answer = await db.write(async (w) =>
          submitResult(w, requireWorker(c), await clean(w, redaction, submit)),
        );
        if (answer === 'unknown') throw notFound(`task ${submit.task_id} that this worker has claimed`);
        if (answer === 'conflict')
          throw new Refusal(409, 'different_result', 'Another result was already submitted for this attempt');
        if (answer === 'stale') throw new Refusal(409, 'stale_fence', 'Kept, not counted: this grant has ended');
        return c.json(
          { message: answer === 'accepted' ? 'Result stored' : 'This result was stored before', status: answer },
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/results/{test_run_id}',
        tags,
        summary: 'Results of a run: figures, failures and tasks',
        access: 'viewer',
        request: { params: runParam },
        responses: { 200: json(resultsOfRun, 'The results so far') },
      }),
      async (c) => {
        const { test_run_id: id } = c.req.valid('param');
        const found = await db.read(async (r) => {
          const testRun = await getRun(r, c.var.scope, id, false);
          if (!testRun) return null;
          const failures = await listTests(
            r,
            testRun.id,
            { outcome: 'unexpected' },
            { limit: WITH_RESULTS, after: null },
          );
          const tasks = await listTasks(r, testRun.id, { limit: WITH_RESULTS, after: null });
          return {
            test_run: testRun,
            figures: await runFigures(r, testRun.id),
            failures: failures.map((row) => row.test),
            tasks: tasks.map((row) => row.task),
          };
        });
        if (!found) throw unknownRun(id);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/explain',
        tags,
        summary: 'Explain the schedule of a run: where the time of its slots went, against the least that was possible',
        access: 'viewer',
        request: { params: idParam },
        responses: { 200: json(explanation, 'The schedule') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const found = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          return runId === null ? null : explainRun(r, runId, clock.now());
        });
        if (!found) throw unknownRun(id);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/tests',
        tags,
        summary: 'List the tests of a run, failures first',
        access: 'viewer',
        request: { params: idParam, query: testFilter.extend(pageQuery.shape) },
        responses: { 200: json(page(testSummary), 'A page of tests') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { limit, cursor, ...filter } = c.req.valid('query');
        const rows = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          return runId === null ? null : listTests(r, runId, filter, { limit: limit + 1, after: afterNumber(cursor) });
        });
        if (!rows) throw unknownRun(id);
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.position,
            (row) => row.test,
          ),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/tests/{test_id}',
        tags,
        summary: 'Read a test with all attempts: errors, steps, output, attachments',
        access: 'viewer',
        request: { params: idParam.extend({ test_id: z.string().min(1).max(200) }) },
        responses: { 200: json(testDetail, 'The test') },
      }),
      async (c) => {
        const { id, test_id: testId } = c.req.valid('param');
        const expiresAt = linkEnd(clock.now());
        const found = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          if (runId === null) return null;
          return getTest(r, runId, testId, (sha256, file) => fileUrl(c, sha256, fileNameOf(file), expiresAt));
        });
        if (!found) throw notFound(`test ${testId} in run ${id}`);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/logs',
        tags,
        summary: 'Read what the tasks of a run printed, in the order in which it arrived',
        access: 'viewer',
        description: 'Who follows it asks again with `after`, the id of the last line that is known.',
        request: { params: idParam, query: logQuery },
        responses: { 200: json(page(logLine), 'A page of output') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { limit, cursor, task_id: taskId, order, after } = c.req.valid('query');
        const rows = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          return runId === null
            ? null
            : readLogs(r, runId, {
                taskId: taskId ?? null,
                limit: limit + 1,
                after: afterNumber(cursor) ?? after ?? null,
                newestFirst: order === 'newest',
              });
        });
        if (!rows) throw unknownRun(id);
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.id,
            (row) => row,
          ),
          200,
        );
      },
    );
}
