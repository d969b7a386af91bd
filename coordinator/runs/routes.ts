/** HTTP edge of runs: /api/v1/test-runs. */
import type { Context } from 'hono';
import { runLabel } from '../../shared/model/run-label.ts';
import type { Clock } from '../../shared/base/clock.ts';
import {
  dependenciesAdd,
  run,
  runCreate,
  runCreated,
  runFilter,
  runProgress,
  runRetry,
  type RunRetry,
} from '../../shared/protocol/rest/runs.ts';
import { reaches } from '../../shared/protocol/rest/roles.ts';
import { idParam, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import { readAtEvent } from '../events/read-at-event.ts';
import { commit } from '../http/commit.ts';
import type { AppEnv } from '../http/env.ts';
import { afterText, pageBy } from '../http/paging.ts';
import { requireUser } from '../http/principal.ts';
import { badField, notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { createForTeam } from './create-for-team.ts';
import { dependOn } from './depend-on.ts';
import { findRunId, getProgress, getRun, listRuns, type RunPlace } from './queries.ts';
import { rerun } from './rerun.ts';

export interface RunRoutesDeps {
  db: Database;
  clock: Clock;
  defaults: () => { maxRetries: number; taskTimeoutMs: number };
}

const tags: [string] = ['Test runs'];

export const unknownRun = (id: string) => notFound(`test run ${id}`);

export const createdAnswer = (created: { id: string; number: number }) => ({
  test_run_id: created.id,
  number: created.number,
  message: `Test run ${runLabel(created.number)} created`,
});

/** Names are enough for who only looks or starts runs. */
const showsValues = (c: Context<AppEnv>): boolean => reaches(requireUser(c).role, 'maintainer');

export function runRoutes({ db, clock, defaults }: RunRoutesDeps) {
  const router = createRouter();
  return router
    .openapi(
      route({
        method: 'post',
        access: 'runner',
        path: '/test-runs/create',
        tags,
        summary: 'Create a run',
        description: 'With total_shards a static run (`playwright test --shard=i/n`), without it a queue run.',
        request: { body: jsonBody(runCreate) },
        responses: { 201: json(runCreated, 'Created') },
      }),
      async (c) => {
        const create = c.req.valid('json');
        const createdBy = requireUser(c).name;
        return commit(c, { db, clock }, 201, async (w, now) =>
          createdAnswer(await createForTeam(w, { create, createdBy, scope: c.var.scope, defaults: defaults() }, now)),
        );
      },
    )
    .openapi(
      route({
        method: 'get',
        access: 'viewer',
        path: '/test-runs',
        tags,
        summary: 'List runs, newest first',
        request: { query: runFilter.extend(pageQuery.shape) },
        responses: { 200: json(page(run), 'A page of runs') },
      }),
      async (c) => {
        const { limit, cursor, ...filter } = c.req.valid('query');
        const page = { limit: limit + 1, before: placeBefore(cursor) };
        const runs = await readAtEvent(c, db, (r) => listRuns(r, c.var.scope.reads, filter, page, showsValues(c)));
        return c.json(
          pageBy(
            runs,
            limit,
            (item) => `${Date.parse(item.created_at)} ${item.number}`,
            (item) => item,
          ),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'get',
        access: 'viewer',
        path: '/test-runs/{id}',
        tags,
        summary: 'Read a run',
        request: { params: idParam },
        responses: { 200: json(run, 'The run') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const found = await readAtEvent(c, db, (r) => getRun(r, c.var.scope, id, showsValues(c)));
        if (!found) throw unknownRun(id);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        access: 'viewer',
        path: '/test-runs/{id}/progress',
        tags,
        summary: 'Follow a run: finished of all tasks, settled of all tests',
        request: { params: idParam },
        responses: { 200: json(runProgress, 'Progress') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const progress = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          return runId === null ? null : getProgress(r, runId, clock.now());
        });
        if (!progress) throw unknownRun(id);
        return c.json(progress, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        access: 'runner',
        path: '/test-runs/{id}/dependencies',
        tags,
        summary: 'Let a pending run wait for others',
        description:
          'An edge to a run that it waits for already is replaced. Where one of them has ended otherwise, this run may be cancelled at once.',
        request: { params: idParam, body: jsonBody(dependenciesAdd) },
        responses: { 200: json(run, 'The run') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { depends_on } = c.req.valid('json');
        return commit(c, { db, clock }, 200, async (w, now) => {
          const found = await getRun(w, c.var.scope, id, showsValues(c));
          if (!found) throw unknownRun(id);
          if (found.status !== 'pending')
            throw new Refusal(
              409,
              'run_not_pending',
              `Test run ${id} is ${found.status}: only a run that has not begun can wait for others.`,
            );
          await dependOn(w, found.id, { asked: depends_on, sees: c.var.scope.reads }, now);
          return (await getRun(w, c.var.scope, found.id, showsValues(c))) ?? found;
        });
      },
    )
    .openapi(
      route({
        method: 'post',
        access: 'runner',
        path: '/test-runs/{id}/retry',
        tags,
        summary: 'Run again: all of it, only what failed, or chosen tests',
        description: 'With the source of that run, or with another one, such as the working tree as it is now.',
        request: { params: idParam, body: jsonBody(runRetry) },
        responses: { 201: json(runCreated, 'The new run') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const asked = c.req.valid('json');
        const createdBy = requireUser(c).name;
        return commit(c, { db, clock }, 201, async (w, now) => {
          const runId = await findRunId(w, c.var.scope, id);
          if (runId === null) throw unknownRun(id);
          const created = await rerunOrRefuse(w, { id, runId, asked, createdBy }, now);
          return createdAnswer(created);
        });
      },
    );
}

/** Throws a Refusal, with nothing stored, where there is nothing to run again, or not yet. `id`: as whoever asks calls the run. */
export async function rerunOrRefuse(
  w: WriteHandle,
  { id, ...input }: { id: string; runId: string; asked: RunRetry; createdBy: string },
  now: number,
): Promise<{ id: string; number: number }> {
  const created = await rerun(w, input, now);
  if (created.result === 'open') {
    throw new Refusal(409, 'run_not_final', `Test run ${id} has not ended yet: cancel it or wait for its end.`);
  }
  if (created.result === 'unknown') throw notFound(`test ${created.testId} to run again in run ${id}`);
  if (created.result === 'nothing') {
    throw new Refusal(409, 'nothing_failed', `No test of run ${id} failed: use only=all to run everything again.`);
  }
  return created;
}

/** From a cursor of the list of runs. */
function placeBefore(cursor: string | undefined): RunPlace | null {
  const text = afterText(cursor);
  if (text === null) return null;
  const [, createdAt, number] = /^(\d{1,16}) (\d{1,16})$/.exec(text) ?? [];
  if (createdAt === undefined || number === undefined)
    throw badField('cursor', 'is not a next_cursor of this list; leave it out to begin at the first page');
  return { createdAt: Number(createdAt), number: Number(number) };
}
