/**
 * HTTP edge of tasks: what a worker that only polls needs (next, claim, start, heartbeat, complete, fail), and what people ask of tasks
 * and running runs. The same commands serve the agent link.
 */
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import type { Report } from '../../shared/protocol/link.ts';
import { processEnd } from '../../shared/protocol/work.ts';
import { runCancel } from '../../shared/protocol/rest/runs.ts';
import {
  claimed,
  nextTask,
  task,
  taskAnswer,
  taskComplete,
  taskFail,
  taskHeartbeat,
  taskStart,
} from '../../shared/protocol/rest/tasks.ts';
import { idParam, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { commit, commitValue } from '../http/commit.ts';
import { afterNumber, pageBy } from '../http/paging.ts';
import { requireWorker } from '../http/principal.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { PoliciesInForce } from '../policies/policies.ts';
import type { ProjectSecrets } from '../projects/secrets.ts';
import { findRunId } from '../runs/queries.ts';
import { unknownRun } from '../runs/routes.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { reachWorker } from '../workers/queries.ts';
import { resetBreaker } from './breakers.ts';
import { cancelRun } from './cancel-run.ts';
import { claimForWorker, nextForWorker } from './claim-for-worker.ts';
import { newestFence } from './held-task.ts';
import { whyTooOld } from './rules/agent-version.ts';
import { getTask, listTasks } from './queries.ts';
import { renewLeases } from './renew-leases.ts';
import type { KeepingFree } from './keeping-free.ts';
import type { ReportQueueOptions } from './report-queue.ts';
import type { StopWatch } from './stop-watch.ts';

export interface DispatchRoutesDeps {
  db: Database;
  clock: Clock;
  leaseMs: () => number;
  policies: () => PoliciesInForce;
  /** The same command that the agent link uses. */
  onReports: ReportQueueOptions['onReports'];
  stops: StopWatch;
  secrets: ProjectSecrets;
  keepingFree: KeepingFree;
  minimumAgentVersion: () => string | null;
}

const tags: [string] = ['Tasks'];
/** How long the answer to a cancel waits for workers to confirm that their processes are gone. */
const STOP_WAIT_MS = 5_000;

const unknownTask = (id: string) => notFound(`task ${id}`);

export function dispatchRoutes(deps: DispatchRoutesDeps) {
  const { db, clock, leaseMs, policies, stops, secrets, keepingFree, minimumAgentVersion } = deps;
  const router = createRouter();
  return router
    .openapi(
      route({
        method: 'get',
        path: '/tasks/next',
        tags,
        summary: 'The next task that this worker could claim',
        description:
          'Holds nothing: claim it next. task_id is null where there is none, or this worker gets none: `message` says why.',
        access: 'worker',
        responses: { 200: json(nextTask, 'A task or none') },
      }),
      async (c) => {
        const context = { policies: policies(), secrets, keepingFree };
        const workerId = requireWorker(c);
        const answer = await db.write(async (w) => {
          const tooOld = await whyTooOldToAsk(w, workerId, minimumAgentVersion());
          if (tooOld !== null) return { task_id: null, message: tooOld };
          const found = await nextForWorker(w, workerId, context, clock.now());
          return found ?? { task_id: null, message: 'No task available' };
        });
        return c.json(answer, 200);
      },
    )
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
        method: 'post',
        path: '/tasks/{id}/claim',
        tags,
        summary: 'Claim a task: atomic, for one worker only',
        access: 'worker',
        request: { params: idParam },
        responses: { 200: json(claimed, 'It is yours until the lease ends') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const context = { policies: policies(), leaseMs: leaseMs(), secrets, keepingFree };
        const workerId = requireWorker(c);
        const answer = await db.write(async (w) => {
          const tooOld = await whyTooOldToAsk(w, workerId, minimumAgentVersion());
          if (tooOld !== null) throw new Refusal(409, 'agent_too_old', tooOld);
          return claimForWorker(w, workerId, id, context, clock.now());
        });
        if (answer.result === 'unknown') throw unknownTask(id);
        if (answer.result === 'refused') throw new Refusal(409, 'not_claimable', answer.reason);
        const { grant } = answer;
        return c.json(
          {
            task_id: id,
            status: 'assigned' as const,
            attempt: grant.attempt,
            fence: grant.fence,
            lease_ms: grant.leaseMs,
            grant,
          },
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/tasks/{id}/start',
        tags,
        summary: 'Say that the work begins',
        access: 'worker',
        request: { params: idParam, body: jsonBody(taskStart) },
        responses: { 200: json(taskAnswer, 'The task') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        await report(deps, requireWorker(c), id, c.req.valid('json').fence, (held) => ({ kind: 'begin', ...held }));
        return c.json(await answerFor(deps, id, 'started'), 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/tasks/{id}/heartbeat',
        tags,
        summary: 'Renew the lease of a task',
        access: 'worker',
        request: { params: idParam, body: jsonBody(taskHeartbeat) },
        responses: { 200: json(taskAnswer, 'The task') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const workerId = requireWorker(c);
        const { fence } = c.req.valid('json');
        const renewed = await db.write(async (w) => {
          const meant = fence ?? (await newestFence(w, workerId, id));
          if (meant === null) throw unknownTask(id);
          return renewLeases(w, workerId, [meant], leaseMs(), clock.now());
        });
        if (renewed === 0)
          throw new Refusal(409, 'stale_fence', 'This grant has ended: stop the work and ask for the next task');
        return c.json(await answerFor(deps, id, 'lease renewed'), 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/tasks/{id}/complete',
        tags,
        summary: 'Say that the task is done',
        access: 'worker',
        request: { params: idParam, body: jsonBody(taskComplete) },
        responses: { 200: json(taskAnswer, 'The task') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { fence, result } = c.req.valid('json');
        const end = processEnd.parse({ how: 'finished', wallMs: 0, ...result });
        await report(deps, requireWorker(c), id, fence, (held) => ({ kind: 'finish', ...held, end }));
        return c.json(await answerFor(deps, id, 'completed'), 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/tasks/{id}/fail',
        tags,
        summary: 'Say that the task could not be done',
        description: 'It waits for another try while automatic retries are left.',
        access: 'worker',
        request: { params: idParam, body: jsonBody(taskFail) },
        responses: { 200: json(taskAnswer, 'The task') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { fence, error_message, error_stack, permanent } = c.req.valid('json');
        const end = processEnd.parse({
          how: 'crashed',
          message: error_message,
          stack: error_stack,
          permanent,
          wallMs: 0,
        });
        await report(deps, requireWorker(c), id, fence, (held) => ({ kind: 'finish', ...held, end }));
        return c.json(await answerFor(deps, id, 'failure recorded'), 200);
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

/** Sends a report in the worker's name; without a fence its newest claim of the task is meant. */
async function report(
  { db, clock, onReports }: DispatchRoutesDeps,
  workerId: string,
  taskId: string,
  fence: number | undefined,
  build: (held: { taskId: string; attempt: number; fence: number }) => Report,
): Promise<void> {
  const [answer] = await db.write(async (w) => {
    const meant = fence ?? (await newestFence(w, workerId, taskId));
    if (meant === null) throw unknownTask(taskId);
    return onReports(w, [{ workerId, report: build({ taskId, attempt: 1, fence: meant }) }], clock.now());
  });
  if (!answer) throw new Error('a report was not answered');
  if (answer.result === 'stale')
    throw new Refusal(409, 'stale_fence', `Not counted: ${answer.detail ?? 'this grant has ended'}`);
  if (answer.result === 'refused') throw new Refusal(422, 'report_refused', answer.detail ?? 'not understood');
}

async function answerFor(
  { db, clock }: DispatchRoutesDeps,
  id: string,
  message: string,
): Promise<z.infer<typeof taskAnswer>> {
  const row = await db.read((r) =>
    r.get<{ state: z.infer<typeof taskAnswer>['status']; attempt: number; lease_until: number | null }>(
      'SELECT state, attempt, lease_until FROM tasks WHERE id = ?',
      [id],
    ),
  );
  if (!row) throw unknownTask(id);
  const lease = row.lease_until === null ? null : Math.max(0, row.lease_until - clock.now());
  return { task_id: id, status: row.state, attempt: row.attempt, lease_ms: lease, message };
}

/** As the agent link refuses it; what such a worker holds, it may finish. */
async function whyTooOldToAsk(r: ReadHandle, workerId: string, least: string | null): Promise<string | null> {
  const known = await r.get<{ agent_version: string | null }>('SELECT agent_version FROM workers WHERE id = ?', [
    workerId,
  ]);
  return whyTooOld(known?.agent_version ?? null, least);
}
