/** HTTP edge of workers as people see and change them: /api/v1/workers. */
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { idParam, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import { worker, workerFilter, workerHeartbeat, workerPatch } from '../../shared/protocol/rest/workers.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { readAtEvent } from '../events/read-at-event.ts';
import { commit } from '../http/commit.ts';
import { afterNumber, afterText, pageBy } from '../http/paging.ts';
import { requireUser } from '../http/principal.ts';
import { badField, notFound } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { requireActs, type Scope } from '../http/scope.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { approveWorker, changeWorker } from './change-worker.ts';
import { onlyItself } from './only-itself.ts';
import { getWorker, listHeartbeats, listWorkers, reachWorker } from './queries.ts';
import { removeWorker, type ReleaseAll } from './remove-worker.ts';

export interface WorkerRoutesDeps {
  db: Database;
  clock: Clock;
  authenticator: Authenticator;
  releaseAll: ReleaseAll;
}

const tags: [string] = ['Workers'];
export const unknownWorker = (id: string) => notFound(`worker ${id}`);

export function workerRoutes({ db, clock, authenticator, releaseAll }: WorkerRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/workers',
        access: 'viewer',
        tags,
        summary: 'List workers by host name',
        request: { query: workerFilter.extend(pageQuery.shape) },
        responses: { 200: json(page(worker), 'A page of workers') },
      }),
      async (c) => {
        const { limit, cursor, ...filter } = c.req.valid('query');
        const after = afterText(cursor);
        const rows = await readAtEvent(c, db, (r) =>
          listWorkers(r, c.var.scope.reads, filter, { limit: limit + 1, after }),
        );
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.hostname,
            (row) => row,
          ),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/workers/{id}',
        access: 'worker or viewer',
        tags,
        summary: 'Read a worker; workers may read themselves',
        request: { params: idParam },
        responses: { 200: json(worker, 'The worker') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        onlyItself(c, id);
        const found = await readAtEvent(c, db, (r) => getWorker(r, c.var.scope.reads, id));
        if (!found) throw unknownWorker(id);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'patch',
        path: '/workers/{id}',
        access: 'maintainer',
        tags,
        summary: 'Pause, drain, resume a worker, or change its settings',
        request: { params: idParam, body: jsonBody(workerPatch) },
        responses: { 200: json(worker, 'The worker') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const patch = c.req.valid('json');
        return commit(c, { db, clock }, 200, async (w, now) => {
          const { scope } = c.var;
          if (patch.team_id !== undefined) await requireTeamToBe(w, scope, patch.team_id);
          const changed = (await reachWorker(w, scope, id)) && (await changeWorker(w, id, patch, now));
          const found = changed ? await getWorker(w, scope.reads, id) : null;
          if (!found) throw unknownWorker(id);
          const data = { id, fields: Object.keys(patch), ...(patch.intent ? { intent: patch.intent } : {}) };
          await recordAudit(w, { ...actorOf(c), action: 'worker.changed', target: found.hostname, data }, now);
          return found;
        });
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/workers/{id}/approve',
        access: 'admin',
        tags,
        summary: 'Let a worker have work that waits for approval (setting worker_approval)',
        request: { params: idParam },
        responses: { 200: json(worker, 'The worker') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        return commit(c, { db, clock }, 200, async (w, now) => {
          if (!(await reachWorker(w, c.var.scope, id))) throw unknownWorker(id);
          const hostname = await approveWorker(w, id);
          const found = hostname === null ? null : await getWorker(w, c.var.scope.reads, id);
          if (hostname === null || !found) throw unknownWorker(id);
          await recordAudit(w, { ...actorOf(c), action: 'worker.approved', target: hostname, data: { id } }, now);
          return found;
        });
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/workers/{id}',
        access: 'maintainer',
        tags,
        summary: 'Remove a worker: its key is revoked, what it holds is queued again',
        request: { params: idParam },
        responses: { 200: json(z.object({ message: z.string() }), 'Removed') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const reason = `removed by ${requireUser(c).name}`;
        const onRemoved = () => authenticator.forget();
        const removed = await db.write(async (w) => {
          const now = clock.now();
          if (!(await reachWorker(w, c.var.scope, id))) return false;
          const hostname = await removeWorker(w, id, { releaseAll, onRemoved, reason }, now);
          if (hostname === null) return false;
          await recordAudit(w, { ...actorOf(c), action: 'worker.removed', target: hostname, data: { id } }, now);
          return true;
        });
        if (!removed) throw unknownWorker(id);
        return c.json({ message: 'The worker was removed; its key works no longer.' }, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/workers/{id}/heartbeats',
        access: 'viewer',
        tags,
        summary: 'Heartbeats of the last two days, newest first',
        request: { params: idParam, query: pageQuery },
        responses: { 200: json(page(workerHeartbeat), 'A page of heartbeats') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { limit, cursor } = c.req.valid('query');
        const before = afterNumber(cursor);
        const rows = await db.read(async (r) => {
          if ((await getWorker(r, c.var.scope.reads, id)) === null) throw unknownWorker(id);
          return listHeartbeats(r, id, { limit: limit + 1, before });
        });
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.id,
            (row) => row.heartbeat,
          ),
          200,
        );
      },
    );
}

/** Whose a worker is, is for those who may do so with all of them. */
async function requireTeamToBe(r: ReadHandle, scope: Scope, teamId: string | null): Promise<void> {
  requireActs(scope, null);
  if (teamId !== null && !(await r.get('SELECT id FROM teams WHERE id = ?', [teamId]))) {
    throw badField('team_id', `${teamId} does not exist: playfleet teams lists their ids`);
  }
}
