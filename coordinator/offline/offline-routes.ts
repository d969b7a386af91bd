/** HTTP edge of promotions: /api/v1/offline, and what workers ask before they follow a promoted coordinator. */
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import {
  demotion,
  offlineState,
  promotionShown,
  type Homecoming,
  type Lack,
  type OfflineState,
} from '../../shared/protocol/offline/promotion.ts';
import type { CopyPermit } from '../../shared/protocol/offline/warm-copy.ts';
import { actorOf, type Actor } from '../audit/record.ts';
import { notFound } from '../http/refusal.ts';
import { teamParams, type Teams } from '../http/scope.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { readPromotion, type Promotion } from './promotion.ts';

export interface OfflineRoutesDeps {
  db: Database;
  origin: string;
  /** Of a promoted coordinator; null: an ordinary one. */
  home: {
    state: () => Promise<Homecoming>;
    /** Takes no more runs, lets what runs end, brings everything home. Answers once it takes no more. */
    demote: (now: boolean, by: Actor) => Promise<void>;
  } | null;
}

const tags: [string] = ['Offline'];
const notPromoted = () => notFound('promotion here: this coordinator stands in for no other');

export function offlineRoutes({ db, origin, home }: OfflineRoutesDeps) {
  const read = async (teams: Teams): Promise<OfflineState> => {
    const { promotion, copies } = await db.read(async (r) => ({
      promotion: await readPromotion(r),
      copies: await readCopies(r, teams),
    }));
    const shown = promotion && home && stateOf(promotion, await home.state());
    return { origin, promotion: shown, copies };
  };
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/promotion',
        access: 'public',
        tags,
        summary: 'By whose word this coordinator stands in for another; 404 where it does not',
        responses: { 200: json(promotionShown, 'The statement of the central coordinator') },
      }),
      async (c) => {
        const promotion = await db.read(readPromotion);
        if (promotion === null) throw notPromoted();
        const { statement, since, draining_since: draining } = promotion;
        return c.json(
          { version: 1 as const, origin, statement, since: isoTime(since), draining: draining !== null },
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/offline',
        access: 'viewer',
        tags,
        summary:
          'Who keeps a copy of this coordinator and how old it is; and of a promoted one: how far it is on its way home',
        responses: { 200: json(offlineState, 'The state') },
      }),
      async (c) => c.json(await read(c.var.scope.reads), 200),
    )
    .openapi(
      route({
        method: 'post',
        path: '/offline/demotion',
        access: 'admin of all',
        tags,
        summary: 'End a promotion: no more runs, workers go home, everything is brought to the central coordinator',
        request: { body: jsonBody(demotion) },
        responses: { 202: json(offlineState, 'It has begun') },
      }),
      async (c) => {
        if (home === null) throw notPromoted();
        await home.demote(c.req.valid('json').now, actorOf(c));
        return c.json(await read(c.var.scope.reads), 202);
      },
    );
}

function stateOf(promotion: Promotion, homecoming: Homecoming): NonNullable<OfflineState['promotion']> {
  const { central, machine, since, copied_at, secrets, draining_since: draining } = promotion;
  const lacks: Lack[] = [
    'mails',
    'providers',
    'backup_codes',
    'earlier_runs',
    'remotes',
    ...(secrets ? [] : ['secrets' as const]),
  ];
  return {
    of: { origin: central.origin, url: central.url },
    machine: machine.name,
    since: isoTime(since),
    copied_at: isoTime(copied_at),
    secrets,
    draining: draining !== null,
    homecoming,
    lacks,
  };
}

interface CopyRow {
  id: string;
  hostname: string;
  warm_copy: CopyPermit;
  warm_copy_at: number | null;
}

/** Of workers that the caller sees. */
async function readCopies(r: ReadHandle, teams: Teams): Promise<OfflineState['copies']> {
  const rows = await r.all<CopyRow>(
    `SELECT id, hostname, warm_copy, warm_copy_at FROM workers WHERE revoked_at IS NULL AND warm_copy <> 'no'
       AND (team_id IS NULL OR ? IS NULL OR team_id IN (SELECT value FROM json_each(?))) ORDER BY hostname LIMIT 500`,
    teamParams(teams),
  );
  return rows.map(({ id, hostname, warm_copy: permit, warm_copy_at: at }) => ({
    worker_id: id,
    hostname,
    permit,
    at: isoTimeOrNull(at),
  }));
}
