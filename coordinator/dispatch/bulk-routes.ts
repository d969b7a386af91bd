/** HTTP edge of what is done to several runs at once: POST /api/v1/test-runs/bulk. */
import type { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { bulkAnswer, runsBulk } from '../../shared/protocol/rest/bulk.ts';
import { eachOf, type Done } from '../http/bulk.ts';
import { commit } from '../http/commit.ts';
import { requireUser } from '../http/principal.ts';
import { Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Scope } from '../http/scope.ts';
import { findRunId } from '../runs/queries.ts';
import { rerunOrRefuse, unknownRun } from '../runs/routes.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { cancelRun } from './cancel-run.ts';

export function bulkRunRoutes({ db, clock }: { db: Database; clock: Clock }) {
  return createRouter().openapi(
    route({
      method: 'post',
      path: '/test-runs/bulk',
      access: 'runner',
      tags: ['Test runs'],
      summary: 'Cancel several runs, or run them again',
      description:
        'What cannot be done to one of them keeps nobody from the others: look at each result. Send an Idempotency-Key, and the same request again starts nothing twice.',
      request: { body: jsonBody(runsBulk) },
      responses: { 200: json(bulkAnswer, 'What became of each') },
    }),
    async (c) => {
      const asked = c.req.valid('json');
      const by = requireUser(c).name;
      return commit(c, { db, clock }, 200, (w, now) =>
        eachOf(asked.ids, (id) => actOn(w, { id, asked, by, scope: c.var.scope }, now)),
      );
    },
  );
}

async function actOn(
  w: WriteHandle,
  { id, asked, by, scope }: { id: string; asked: z.infer<typeof runsBulk>; by: string; scope: Scope },
  now: number,
): Promise<Done> {
  const runId = await findRunId(w, scope, id);
  if (runId === null) throw unknownRun(id);
  if (asked.action === 'retry') {
    const created = await rerunOrRefuse(w, { id, runId, asked: { only: asked.only }, createdBy: by }, now);
    return { result: 'done', status: 201, test_run_id: created.id, number: created.number };
  }
  const answer = await cancelRun(w, runId, asked.reason, now);
  if (answer.result === 'cancelled') return { result: 'done' };
  if (answer.result === 'unknown') throw unknownRun(id);
  if (answer.state === 'cancelled') return { result: 'unchanged' };
  throw new Refusal(409, 'run_final', `Test run ${id} has already ended (${answer.state})`);
}
