/** HTTP edge for workers that only poll: next, claim, start, heartbeat, complete, fail. The same commands serve the agent link. */
import type { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import type { Report } from '../../shared/protocol/link.ts';
import { processEnd } from '../../shared/protocol/work.ts';
import {
  claimed,
  nextTask,
  taskAnswer,
  taskComplete,
  taskFail,
  taskHeartbeat,
  taskStart,
} from '../../shared/protocol/rest/tasks.ts';
import { idParam } from '../../shared/protocol/rest/common.ts';
import { requireWorker } from '../http/principal.ts';
import { Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { PoliciesInForce } from '../policies/policies.ts';
import type { ProjectSecrets } from '../projects/secrets.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { claimForWorker, nextForWorker } from './claim-for-worker.ts';
import { newestFence } from './held-task.ts';
import type { KeepingFree } from './keeping-free.ts';
import { renewLeases } from './renew-leases.ts';
import type { ReportQueueOptions } from './report-queue.ts';
import { unknownTask } from './routes.ts';
import { whyTooOld } from './rules/agent-age.ts';

export interface PollRoutesDeps {
  db: Database;
  clock: Clock;
  leaseMs: () => number;
  policies: () => PoliciesInForce;
  /** The same command that the agent link uses. */
  onReports: ReportQueueOptions['onReports'];
  secrets: ProjectSecrets;
  keepingFree: KeepingFree;
  minimumAgentVersion: () => string | null;
}

const tags: [string] = ['Tasks'];

/** Mount it before those of tasks: `next` would be taken for an id. */
export function pollRoutes(deps: PollRoutesDeps) {
  const { db, clock, leaseMs, policies, secrets, keepingFree, minimumAgentVersion } = deps;
  return createRouter()
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
    );
}

/** As the agent link refuses it; what such a worker holds, it may finish. */
async function whyTooOldToAsk(r: ReadHandle, workerId: string, least: string | null): Promise<string | null> {
  const known = await r.get<{ agent_version: string | null }>('SELECT agent_version FROM workers WHERE id = ?', [
    workerId,
  ]);
  return whyTooOld(known?.agent_version ?? null, least);
}

/** Sends a report in the worker's name; without a fence its newest claim of the task is meant. */
async function report(
  { db, clock, onReports }: PollRoutesDeps,
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
  { db, clock }: PollRoutesDeps,
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
