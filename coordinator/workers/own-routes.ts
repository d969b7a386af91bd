/** HTTP edge of what a worker asks for itself: to be let in, to be heard, a new key. */
import type { Clock } from '../../shared/base/clock.ts';
import { idParam } from '../../shared/protocol/rest/common.ts';
import {
  heartbeatAnswer,
  heartbeatRequest,
  workerRegister,
  workerRegistered,
} from '../../shared/protocol/rest/workers.ts';
import { machineMetrics } from '../../shared/protocol/work.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { requireAny } from '../http/principal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { secretIn } from '../identity/authentication.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { hashSecret } from '../identity/secrets.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { changeCapabilities } from './change-worker.ts';
import { onlyItself } from './only-itself.ts';
import { countHeld, reachWorker, standingOf } from './queries.ts';
import { recordHeartbeat } from './record-heartbeat.ts';
import { registerWorker } from './register-worker.ts';
import { rotateKey } from './rotate-key.ts';
import { unknownWorker } from './routes.ts';
import { normaliseCapabilities } from './rules.ts';

export interface OwnRoutesDeps {
  db: Database;
  clock: Clock;
  authenticator: Authenticator;
  settings: () => { heartbeatIntervalSeconds: number; heartbeatTimeoutSeconds: number; approval: boolean };
  /** Whether a heartbeat is kept for the worker's history; asked for each one. */
  keepsHistory: () => boolean;
  /** Runs in the command of a heartbeat over REST: renews the leases of all that the worker holds. */
  onHeartbeat: (w: WriteHandle, workerId: string, now: number) => Promise<void>;
  /** Ends the connection that a worker has opened with a key which works no longer. */
  endLink: (workerId: string, reason: string) => void;
}

const tags: [string] = ['Workers'];

export function ownRoutes(deps: OwnRoutesDeps) {
  const { db, clock, authenticator, settings, keepsHistory, onHeartbeat, endLink } = deps;
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
