/** HTTP edge of what is done to several workers at once: POST /api/v1/workers/bulk. */
import type { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { bulkAnswer, workersBulk } from '../../shared/protocol/rest/bulk.ts';
import { MAX_TAGS } from '../../shared/protocol/work.ts';
import { actorOf, recordAudit, type Actor } from '../audit/record.ts';
import { eachOf, type Done } from '../http/bulk.ts';
import { commit } from '../http/commit.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Scope } from '../http/scope.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { changeWorker } from './change-worker.ts';
import { getWorker, reachWorker } from './queries.ts';

export function bulkWorkerRoutes({ db, clock }: { db: Database; clock: Clock }) {
  return createRouter().openapi(
    route({
      method: 'post',
      path: '/workers/bulk',
      access: 'maintainer',
      tags: ['Workers'],
      summary: 'Pause, drain, resume or tag several workers',
      description: 'What cannot be done to one of them keeps nobody from the others: look at each result.',
      request: { body: jsonBody(workersBulk) },
      responses: { 200: json(bulkAnswer, 'What became of each') },
    }),
    async (c) => {
      const { ids, ...asked } = c.req.valid('json');
      const by = actorOf(c);
      return commit(c, { db, clock }, 200, (w, now) =>
        eachOf(ids, (id) => actOn(w, { id, asked, by, scope: c.var.scope }, now)),
      );
    },
  );
}

type Asked = Omit<z.infer<typeof workersBulk>, 'ids'>;

async function actOn(
  w: WriteHandle,
  { id, asked, by, scope }: { id: string; asked: Asked; by: Actor; scope: Scope },
  now: number,
): Promise<Done> {
  const found = (await reachWorker(w, scope, id)) ? await getWorker(w, scope.reads, id) : null;
  if (!found) throw notFound(`worker ${id}`);
  const { intent, reason = null, add_tags, remove_tags } = asked;
  const kept = found.tags.filter((tag) => !remove_tags.includes(tag));
  const tags = [...new Set([...kept, ...add_tags])];
  if (tags.length > MAX_TAGS) {
    throw new Refusal(
      409,
      'too_many_tags',
      `Worker ${found.hostname} would have ${tags.length} tags; ${MAX_TAGS} is the most.`,
    );
  }
  const patch = {
    ...(intent !== undefined && (intent !== found.intent || reason !== found.intent_reason)
      ? { intent, ...(reason === null ? {} : { reason }) }
      : {}),
    ...(tags.join() === found.tags.join() ? {} : { tags }),
  };
  if (Object.keys(patch).length === 0) return { result: 'unchanged' };
  await changeWorker(w, id, patch, now);
  const data = { id, fields: Object.keys(patch), ...(patch.intent ? { intent: patch.intent } : {}) };
  await recordAudit(w, { ...by, action: 'worker.changed', target: found.hostname, data }, now);
  return { result: 'done' };
}
