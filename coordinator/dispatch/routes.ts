/** HTTP edge of what people ask of tasks and running runs. */
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { runCancel } from '../../shared/protocol/rest/runs.ts';
import { task } from '../../shared/protocol/rest/tasks.ts';
import { idParam, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { commit, commitValue } from '../http/commit.ts';
import { afterNumber, pageBy } from '../http/paging.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { findRunId } from '../runs/queries.ts';
import { unknownRun } from '../runs/routes.ts';
import type { Database } from '../storage/database.ts';
import { reachWorker } from '../workers/queries.ts';
import { resetBreaker } from './breakers.ts';
import { cancelRun } from './cancel-run.ts';
import { getTask, listTasks } from './queries.ts';
import type { StopWatch } from './stop-watch.ts';

export interface DispatchRoutesDeps {
  db: Database;
  clock: Clock;
  stops: StopWatch;
}

const tags: [string] = ['Tasks'];
/** How long the answer to a cancel waits for workers to confirm that their processes are gone. */
const STOP_WAIT_MS = 5_000;

export const unknownTask = (id: string) => notFound(`task ${id}`);

export function dispatchRoutes({ db, clock, stops }: DispatchRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'post',
        path: '/workers/{id}/reset-breaker',
        tags: ['Workers'],
        summary: 'Say that a worker is mended: it gets work again at once',
        description: 'Closes its circuit breaker and forgets the failures before. Nothing happens where it is closed.',
        access: 'maintainer',
        request: { params: idParam },
        responses: { 200: json(breakerReset, 'It is closed') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        return commit(c, { db, clock }, 200, async (w, now) => {
          const seen = await reachWorker(w, c.var.scope, id);
          const hostname = seen ? await resetBreaker(w, id, now) : null;
          if (hostname === null) throw notFound(`worker ${id}`);
          const data = { id, breaker: 'closed' };
          await recordAudit(w, { ...actorOf(c), action: 'worker.changed', target: hostname, data }, now);
          return { worker_id: id, breaker: 'closed' as const, message: 'The worker gets work again' };
        });
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/tasks/{id}',
        tags,
        summary: 'Read a task with its attempts',
        access: 'viewer',
        request: { params: idParam },
        responses: { 200: json(task, 'The task') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const found = await db.read((r) => getTask(r, c.var.scope, id));
        if (!found) throw unknownTask(id);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/tasks',
        tags,
        summary: 'List the tasks of a run',
        access: 'viewer',
        request: { params: idParam, query: pageQuery },
        responses: { 200: json(page(task), 'A page of tasks') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { limit, cursor } = c.req.valid('query');
        const rows = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          return runId === null ? null : listTasks(r, runId, { limit: limit + 1, after: afterNumber(cursor) });
        });
        if (!rows) throw unknownRun(id);
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.seq,
            (row) => row.task,
          ),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/test-runs/{id}/cancel',
        tags: ['Test runs'],
        summary: 'Cancel a run',
        description:
          'Nothing of it is handed out after the answer. The answer waits up to 5 s for workers to say that its processes are gone.',
        access: 'runner',
        request: { params: idParam, body: jsonBody(runCancel) },
        responses: { 200: json(cancelAnswer, 'Cancelled') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { reason } = c.req.valid('json');
        const runId = await db.read((r) => findRunId(r, c.var.scope, id));
        if (runId === null) throw unknownRun(id);
        const cancelled = await commitValue(c, { db, clock }, async (w, now) => {
          const answer = await cancelRun(w, runId, reason, now);
          if (answer.result === 'unknown') throw unknownRun(id);
          if (answer.result === 'already_final' && answer.state !== 'cancelled') {
            throw new Refusal(409, 'run_final', `Test run ${id} has already ended (${answer.state})`);
          }
          return { test_run_id: runId, status: 'cancelled' as const, message: `Test run ${id} cancelled` };
        });
        // Workers are told in the same turn in which the cancel became durable, that is before this line.
        const stillStopping = await stops.whenStopped(runId, STOP_WAIT_MS);
        return c.json({ ...cancelled, still_stopping: stillStopping }, 200);
      },
    );
}

const breakerReset = z.object({ worker_id: z.string(), breaker: z.literal('closed'), message: z.string() });

const cancelAnswer = z.object({
  test_run_id: z.string(),
  status: z.literal('cancelled'),
  /** Grants whose workers have not yet said that their processes are gone. */
  still_stopping: z.int(),
  message: z.string(),
});
