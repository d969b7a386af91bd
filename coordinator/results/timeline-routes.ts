/** HTTP edge of the timeline: how a run lay on the slots of its workers, and the attempts of tests on it. */
import { attempts, attemptsQuery, timeline } from '../../shared/protocol/rest/timeline.ts';
import { idParam } from '../../shared/protocol/rest/common.ts';
import type { Clock } from '../../shared/base/clock.ts';
import { json, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { findRunId } from '../runs/queries.ts';
import { unknownRun } from '../runs/routes.ts';
import type { Database } from '../storage/database.ts';
import { readAttempts, readTimeline } from './read-timeline.ts';

const tags: [string] = ['Results'];

export function timelineRoutes({ db, clock }: { db: Database; clock: Clock }) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/timeline',
        access: 'viewer',
        tags,
        summary: 'Which slot of which worker had what of a run, and when',
        request: { params: idParam },
        responses: { 200: json(timeline, 'The lanes of all workers') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const found = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          return runId === null ? null : readTimeline(r, runId, clock.now());
        });
        if (!found) throw unknownRun(id);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/attempts',
        access: 'viewer',
        tags,
        summary: 'When which attempt of which test ran, in the order in which they were reported',
        request: { params: idParam, query: attemptsQuery },
        responses: { 200: json(attempts, 'The attempts behind `after`') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const query = c.req.valid('query');
        const found = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          return runId === null ? null : readAttempts(r, runId, query);
        });
        if (!found) throw unknownRun(id);
        return c.json(found, 200);
      },
    );
}
