/** HTTP edge of caps, weights and rules: /api/v1/scheduling. */
import type { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { idParam, page } from '../../shared/protocol/rest/common.ts';
import {
  cap,
  keptCap,
  keptRule,
  keptWeight,
  removed,
  rule,
  weight,
  type Kept,
} from '../../shared/protocol/rest/scheduling.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { commit } from '../http/commit.ts';
import { requireUser } from '../http/principal.ts';
import { badField, notFound } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter, type Router } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { keyOf, type Policies, type PolicyKind, type PolicyValues } from './policies.ts';

export interface PolicyRoutesDeps {
  db: Database;
  clock: Clock;
  policies: Policies;
  /** Names of the strategies that there are now. */
  strategies: () => readonly string[];
}

const tags: [string] = ['Scheduling'];

export function policyRoutes(deps: PolicyRoutesDeps): Router[] {
  const known = ({ then }: PolicyValues['rule']) => {
    const names = deps.strategies();
    if (then.strategy !== undefined && !names.includes(then.strategy))
      throw badField('then.strategy', `is not a strategy of this coordinator: choose one of ${names.join(', ')}`);
  };
  return [
    routesOf(deps, { kind: 'cap', path: '/scheduling/caps', value: cap, kept: keptCap }),
    routesOf(deps, { kind: 'weight', path: '/scheduling/weights', value: weight, kept: keptWeight }),
    routesOf(deps, { kind: 'rule', path: '/scheduling/rules', value: rule, kept: keptRule, check: known }),
  ];
}

interface Kind<K extends PolicyKind> {
  kind: K;
  path: string;
  value: z.ZodType<PolicyValues[K]>;
  kept: z.ZodType<Kept<PolicyValues[K]>>;
  check?: (value: PolicyValues[K]) => void;
}

/**
 * The same four routes for each kind: all take effect at once, and all are audited. What was validated is named by its type here, because
 * the types of routes do not follow a path that is put together.
 */
function routesOf<K extends PolicyKind>(
  { db, clock, policies }: PolicyRoutesDeps,
  { kind, path, value, kept, check }: Kind<K>,
): Router {
  const unknown = (id: string) => notFound(`${kind} ${id}`);
  const router = createRouter();
  router.openapi(
    route({
      method: 'get',
      path,
      access: 'maintainer of all',
      tags,
      summary: `List every ${kind}, in the order in which they count`,
      responses: { 200: json(page(kept), 'All of them') },
    }),
    async (c) => c.json({ items: await db.read((r) => policies.list(r, kind)), next_cursor: null } as never, 200),
  );
  router.openapi(
    route({
      method: 'post',
      path,
      access: 'admin of all',
      tags,
      summary: `Add a ${kind}`,
      request: { body: jsonBody(value) },
      responses: { 201: json(kept, 'Added') },
    }),
    async (c) => {
      const wanted = c.req.valid('json' as never) as PolicyValues[K];
      check?.(wanted);
      const by = requireUser(c).name;
      return commit(c, { db, clock }, 201, async (w, now) => {
        const added = await policies.put(w, kind, { id: null, value: wanted, by }, now);
        if (!added) throw new Error('an inserted row was not returned');
        const data = { kind, id: added.id, value: JSON.stringify(wanted) };
        await recordAudit(w, { ...actorOf(c), action: 'scheduling.added', target: keyOf(kind, wanted), data }, now);
        return added as never;
      });
    },
  );
  router.openapi(
    route({
      method: 'put',
      path: `${path}/{id}`,
      access: 'admin of all',
      tags,
      summary: `Replace a ${kind}, which keeps its place`,
      request: { params: idParam, body: jsonBody(value) },
      responses: { 200: json(kept, 'Replaced') },
    }),
    async (c) => {
      const { id } = c.req.valid('param' as never) as { id: string };
      const wanted = c.req.valid('json' as never) as PolicyValues[K];
      check?.(wanted);
      const by = requireUser(c).name;
      return commit(c, { db, clock }, 200, async (w, now) => {
        const changed = await policies.put(w, kind, { id, value: wanted, by }, now);
        if (!changed) throw unknown(id);
        const data = { kind, id, value: JSON.stringify(wanted) };
        await recordAudit(w, { ...actorOf(c), action: 'scheduling.changed', target: keyOf(kind, wanted), data }, now);
        return changed as never;
      });
    },
  );
  router.openapi(
    route({
      method: 'delete',
      path: `${path}/{id}`,
      access: 'admin of all',
      tags,
      summary: `Remove a ${kind}`,
      request: { params: idParam },
      responses: { 200: json(removed, 'Removed') },
    }),
    async (c) => {
      const { id } = c.req.valid('param' as never) as { id: string };
      const by = requireUser(c).name;
      return commit(c, { db, clock }, 200, async (w, now) => {
        const target = await policies.remove(w, kind, id, by);
        if (target === null) throw unknown(id);
        await recordAudit(w, { ...actorOf(c), action: 'scheduling.removed', target, data: { kind, id } }, now);
        return { id, message: `The ${kind} for ${target} was removed` };
      });
    },
  );
  return router;
}
