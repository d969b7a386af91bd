/** HTTP edge of workers: /api/v1/workers. */
import type { Context } from 'hono';
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { idParam, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import {
  heartbeatAnswer,
  heartbeatRequest,
  worker,
  workerFilter,
  workerHeartbeat,
  workerPatch,
  workerRegister,
  workerRegistered,
} from '../../shared/protocol/rest/workers.ts';
import { machineMetrics } from '../../shared/protocol/work.ts';
import type { AppEnv } from '../http/env.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { commit } from '../http/commit.ts';
import { afterNumber, afterText, pageBy } from '../http/paging.ts';
import { requireAny, requireUser } from '../http/principal.ts';
import { badField, notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { secretIn } from '../identity/authentication.ts';
import { hashSecret } from '../identity/secrets.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { requireActs, type Scope } from '../http/scope.ts';
import { readAtEvent } from '../events/read-at-event.ts';
import type { Database, ReadHandle, WriteHandle } from '../storage/database.ts';
import { approveWorker, changeCapabilities, changeWorker } from './change-worker.ts';
import { countHeld, getWorker, listHeartbeats, listWorkers, reachWorker, standingOf } from './queries.ts';
import { recordHeartbeat } from './record-heartbeat.ts';
import { registerWorker } from './register-worker.ts';
import { removeWorker, type ReleaseAll } from './remove-worker.ts';
import { rotateKey } from './rotate-key.ts';
import { normaliseCapabilities } from './rules.ts';

export interface WorkerRoutesDeps {
  db: Database;
  clock: Clock;
  authenticator: Authenticator;
  settings: () => { heartbeatIntervalSeconds: number; heartbeatTimeoutSeconds: number; approval: boolean };
  /** Runs in the command of a heartbeat over REST: renews the leases of all that the worker holds. */
  /** Whether a heartbeat is kept for the worker's history; asked for each one. */
  keepsHistory: () => boolean;
  onHeartbeat: (w: WriteHandle, workerId: string, now: number) => Promise<void>;
  releaseAll: ReleaseAll;
  /** Ends the connection that a worker has opened with a key which works no longer. */
  endLink: (workerId: string, reason: string) => void;
}

const tags: [string] = ['Workers'];
const unknownWorker = (id: string) => notFound(`worker ${id}`);

export function workerRoutes(deps: WorkerRoutesDeps) {
  const { db, clock, authenticator, settings, keepsHistory, onHeartbeat, releaseAll, endLink } = deps;
  return createRouter()
    .openapi(
      route({
        method: 'post',
        path: '/workers/register',
        access: 'public',
        tags,
        summary: 'Enrol a worker',
        description:
          'Shows a join token (`Authorization: Bearer pfj_…`), which works once. A known host name is taken over while its worker is offline. ' +
          'Unknown capabilities are kept for people to see; nothing is decided by them.',
        request: { body: jsonBody(workerRegister) },
        responses: { 201: json(workerRegistered, 'The worker with its key') },
      }),
      async (c) => {
        const { hostname, capabilities, tags: workerTags, agent_version: agentVersion } = c.req.valid('json');
        const asked = {
          joinToken: secretIn(c.env.incoming.headers),
          hostname,
          ipAddress: c.env.incoming.socket.remoteAddress ?? '',
          capabilities: normaliseCapabilities(capabilities),
          tags: workerTags,
          agentVersion,
          needsApproval: settings().approval,
        };
        const { workerId, apiKey, tookOver } = await db.write(async (w) => {
          w.afterCommit(() => authenticator.forget());
          const now = clock.now();
          const registered = await registerWorker(w, asked, now);
          const { workerId, tookOver, joinTokenId } = registered;
          const who = { ...actorOf(c), actor: `worker:${workerId}`, actorName: hostname };
          const data = { id: workerId, join_token: joinTokenId, took_over: tookOver };
          await recordAudit(w, { ...who, action: 'worker.enrolled', target: hostname, data }, now);
          return registered;
        });
        const message = tookOver ? `Worker ${hostname} is back under a new key` : `Worker ${hostname} registered`;
        return c.json({ worker_id: workerId, api_key: apiKey, message }, 201);
      },
    )
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
        method: 'put',
        path: '/workers/{id}/heartbeat',
        access: 'worker',
        tags,
        summary: 'Say that the worker is there; renews the leases of all that it holds',
        request: { params: idParam, body: jsonBody(heartbeatRequest) },
        responses: { 200: json(heartbeatAnswer, 'What the coordinator wants of it') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        onlyItself(c, id);
        const { metrics, capabilities, agent_version: version } = c.req.valid('json');
        const now = clock.now();
        const standing = await db.write(async (w) => {
          if (capabilities) await changeCapabilities(w, id, normaliseCapabilities(capabilities));
          if (version !== undefined) await w.run('UPDATE workers SET agent_version = ? WHERE id = ?', [version, id]);
          await recordHeartbeat(
            w,
            id,
            metrics ?? machineMetrics.parse({}),
            await countHeld(w, id),
            now,
            keepsHistory(),
          );
          await onHeartbeat(w, id, now);
          return standingOf(w, id);
        });
        if (!standing) throw unknownWorker(id);
        const { heartbeatIntervalSeconds, heartbeatTimeoutSeconds } = settings();
        return c.json(
          {
            worker_id: id,
            ...standing,
            heartbeat_interval_seconds: heartbeatIntervalSeconds,
            heartbeat_timeout_seconds: heartbeatTimeoutSeconds,
            message: standing.intent === 'active' ? 'Heard' : `Heard; take nothing new (${standing.intent})`,
          },
          200,
        );
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
    )
    .openapi(
      route({
        method: 'post',
        path: '/workers/{id}/rotate-key',
        access: 'worker or maintainer',
        tags,
        summary: 'Give a worker a new key',
        description:
          'Asked by the worker itself, the old key goes on working until the new one is used (and to its own end), in case that is lost or cannot ' +
          'be stored. Asked by a person, it ends at once.',
        request: { params: idParam },
        responses: { 200: json(workerRegistered, 'The new key') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        onlyItself(c, id);
        const byItself = requireAny(c).kind === 'worker';
        const shownHash = byItself ? hashSecret(secretIn(c.env.incoming.headers) ?? '') : null;
        const onRotated = (): void => {
          authenticator.forget();
          if (!byItself) endLink(id, 'its key was replaced on the coordinator');
        };
        const key = await db.write(async (w) => {
          const now = clock.now();
          if (!byItself && !(await reachWorker(w, c.var.scope, id))) return null;
          const key = await rotateKey(w, id, { shownHash, onRotated }, now);
          if (key) await recordAudit(w, { ...actorOf(c), action: 'worker.key_rotated', target: id }, now);
          return key;
        });
        if (!key) throw unknownWorker(id);
        return c.json({ worker_id: id, api_key: key.text, message: 'Use the new key from now on' }, 200);
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

/** A worker reaches only its own record. */
function onlyItself(c: Context<AppEnv>, workerId: string): void {
  const principal = requireAny(c);
  if (principal.kind === 'worker' && principal.workerId !== workerId) {
    throw new Refusal(403, 'forbidden', 'A worker may only reach its own record.');
  }
}
