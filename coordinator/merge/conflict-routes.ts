/** HTTP edge of what did not prevail: /api/v1/merge-conflicts. */
import type { Clock } from '../../shared/base/clock.ts';
import { idParam, page } from '../../shared/protocol/rest/common.ts';
import { conflict, conflictFilter, conflictResolve } from '../../shared/protocol/rest/origins.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { afterText, pageBy } from '../http/paging.ts';
import { requireUser } from '../http/principal.ts';
import { notFound } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { listConflicts, resolveConflict } from './conflicts.ts';
import type { RegisterDeps } from './registers.ts';

const tags: [string] = ['Merging'];

export function conflictRoutes({ db, clock, registers }: { db: Database; clock: Clock; registers: RegisterDeps }) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/merge-conflicts',
        access: 'admin of all',
        tags,
        summary:
          'Versions of settings, people, policies and templates from promoted coordinators that do not count here',
        request: { query: conflictFilter },
        responses: { 200: json(page(conflict), 'A page of them, newest first') },
      }),
      async (c) => {
        const { limit, cursor, state } = c.req.valid('query');
        const rows = await db.read((r) => listConflicts(r, state, { limit: limit + 1, before: afterText(cursor) }));
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.id,
            (row) => row,
          ),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/merge-conflicts/{id}/resolve',
        access: 'admin of all',
        tags,
        summary: 'Let the other version count, or keep ours',
        request: { params: idParam, body: jsonBody(conflictResolve) },
        responses: { 200: json(conflict, 'How it was decided') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { take } = c.req.valid('json');
        const by = requireUser(c).name;
        const decided = await db.write(async (w) => {
          const now = clock.now();
          const decided = await resolveConflict(w, registers, { id, take, by }, now);
          if (!decided) return null;
          const data = { take, origin: decided.origin.name };
          await recordAudit(
            w,
            { ...actorOf(c), action: 'merge.resolved', target: `${decided.kind} ${decided.key}`, data },
            now,
          );
          return decided;
        });
        if (!decided) throw notFound(`conflict ${id}`);
        return c.json(decided, 200);
      },
    );
}
