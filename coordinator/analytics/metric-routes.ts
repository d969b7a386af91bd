/** HTTP edge of figures over runs and workers: /api/v1/metrics. */
import { statfs } from 'node:fs/promises';
import type { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import {
  failurePatterns,
  failurePatternsQuery,
  health,
  machines,
  machinesQuery,
  performance,
  performanceQuery,
  trends,
  trendsQuery,
  workerUse,
  workerUseQuery,
  type FailurePatterns,
  type Performance,
  type Trends,
  type WorkerUse,
} from '../../shared/protocol/rest/analytics.ts';
import { idParam, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import type { someProject } from '../../shared/protocol/rest/ranges.ts';
import { workerTask } from '../../shared/protocol/rest/tasks.ts';
import { afterNumber, pageBy } from '../http/paging.ts';
import { notFound } from '../http/refusal.ts';
import { json, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Scope, Teams } from '../http/scope.ts';
import type { LoadMonitor } from '../load/monitor.ts';
import { requireProject } from '../projects/queries.ts';
import type { Database } from '../storage/database.ts';
import { reachWorker } from '../workers/queries.ts';
import { readFailurePatterns } from './failure-patterns.ts';
import { oneByOne } from '../storage/in-parts.ts';
import { listGrants, readMachine } from './machines.ts';
import { readHealth } from './read-health.ts';
import { Remembered } from '../../shared/base/remembered.ts';
import { periodOf, rangeOf } from './rules/range.ts';
import { readPerformance, readTrends, type Whose } from './run-metrics.ts';
import { readWorkerUse } from './worker-use.ts';

export interface MetricRoutesDeps {
  db: Database;
  clock: Clock;
  dataDir: string;
  load: Pick<LoadMonitor, 'facts'>;
  report: (error: unknown, during: string) => void;
}

const tags: [string] = ['Analytics'];
const MOST_DAYS_OF_USE = 62;
const HOUR_MS = 3_600_000;

export function metricRoutes({ db, clock, dataDir, load, report }: MetricRoutesDeps) {
  const kept = <T>() => new Remembered<T>({ clock, forMs: 10_000, most: 50 });
  const known = {
    performance: kept<Performance>(),
    trends: kept<Trends>(),
    use: kept<WorkerUse>(),
    failures: kept<FailurePatterns>(),
  };
  const whoseOf = async (scope: Scope, { project, team }: z.infer<typeof someProject>): Promise<Whose> => {
    if (project === undefined) return { teams: scope.reads, projectId: null };
    const { id } = await db.read((r) => requireProject(r, scope, project, { team }));
    return { teams: scope.reads, projectId: id };
  };
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/metrics/performance',
        access: 'viewer',
        tags,
        summary: 'Success and duration of the last day, week and month, each with the time before it',
        request: { query: performanceQuery },
        responses: { 200: json(performance, 'The figures') },
      }),
      async (c) => {
        const whose = await whoseOf(c.var.scope, c.req.valid('query'));
        const made = () => readPerformance(db, whose, clock.now());
        return c.json(await known.performance.get(keyOf(whose), made), 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/metrics/trends',
        access: 'viewer',
        tags,
        summary: 'Success and duration of runs by hour, day or week',
        request: { query: trendsQuery },
        responses: { 200: json(trends, 'The figures') },
      }),
      async (c) => {
        const { bucket, time_zone: zone, from, to, ...of } = c.req.valid('query');
        const range = rangeOf({ from, to }, clock.now());
        const whose = await whoseOf(c.var.scope, of);
        const made = () => readTrends(db, whose, range, { bucket, zone });
        return c.json(await known.trends.get(keyOf(whose, from, to, bucket, zone), made), 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/metrics/workers',
        access: 'viewer',
        tags,
        summary: 'How much of each worker was used, by hour of the week, and what it did',
        request: { query: workerUseQuery },
        responses: { 200: json(workerUse, 'The workers') },
      }),
      async (c) => {
        const { time_zone: zone, from, to } = c.req.valid('query');
        const now = clock.now();
        const range = rangeOf({ from, to }, now, MOST_DAYS_OF_USE);
        const teams = c.var.scope.reads;
        const made = () => readWorkerUse(db, teams, range, zone, now);
        return c.json(await known.use.get(keyOf({ teams, projectId: null }, from, to, zone), made), 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/metrics/failures',
        access: 'viewer',
        tags,
        summary: 'Errors that came again, over runs, the most frequent first',
        request: { query: failurePatternsQuery },
        responses: { 200: json(failurePatterns, 'The errors') },
      }),
      async (c) => {
        const { limit, from, to, ...of } = c.req.valid('query');
        const range = rangeOf({ from, to }, clock.now());
        const whose = await whoseOf(c.var.scope, of);
        const made = () => readFailurePatterns(db, whose, range, limit);
        return c.json(await known.failures.get(keyOf(whose, from, to, String(limit)), made), 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/metrics/health',
        access: 'viewer',
        tags,
        summary: 'How well the fleet is, as one figure with its reasons',
        responses: { 200: json(health, 'The figure') },
      }),
      async (c) => {
        const { level, reasons } = load.facts;
        const own = { load: { level, reasons: [...reasons] }, disk: await diskOf(dataDir, report) };
        return c.json(await db.read((r) => readHealth(r, c.var.scope.reads, own, clock.now())), 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/metrics/machines',
        access: 'viewer',
        tags,
        summary: 'What workers measured of their machines lately, for sparklines',
        description: 'Workers that do not exist are left out.',
        request: { query: machinesQuery },
        responses: { 200: json(machines, 'The workers in the order asked for') },
      }),
      async (c) => {
        const { ids, hours, points } = c.req.valid('query');
        const to = clock.now();
        const range = { from: to - hours * HOUR_MS, to };
        const stepMs = (range.to - range.from) / points;
        const items = await oneByOne([...new Set(ids)], (id) =>
          db.read(async (r) =>
            (await reachWorker(r, seenBy(c.var.scope.reads), id))
              ? { worker_id: id, points: await readMachine(r, id, range, stepMs) }
              : null,
          ),
        );
        return c.json({ period: periodOf(range), step_ms: stepMs, items: items.filter((item) => item !== null) }, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/workers/{id}/tasks',
        access: 'viewer',
        tags: ['Workers'],
        summary: 'What a worker was given to do, newest first, with how it ended and who was blamed',
        request: { params: idParam, query: pageQuery },
        responses: { 200: json(page(workerTask), 'A page of grants') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { limit, cursor } = c.req.valid('query');
        const before = afterNumber(cursor);
        const rows = await db.read(async (r) => {
          if (!(await reachWorker(r, seenBy(c.var.scope.reads), id))) throw notFound(`worker ${id}`);
          return listGrants(r, id, c.var.scope.reads, { limit: limit + 1, before });
        });
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.fence,
            (row) => row.task,
          ),
          200,
        );
      },
    );
}

/** Who sees a worker may read of it; shared ones belong to nobody's team. */
const seenBy = (teams: Teams): Scope => ({ reads: teams, acts: null });

const keyOf = ({ teams, projectId }: Whose, ...parts: (string | undefined)[]): string =>
  JSON.stringify([teams?.toSorted() ?? null, projectId, ...parts.map((part) => part ?? null)]);

async function diskOf(
  dataDir: string,
  report: MetricRoutesDeps['report'],
): Promise<{ freeBytes: number; totalBytes: number } | null> {
  try {
    const { bavail, blocks, bsize } = await statfs(dataDir);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch (error) {
    report(error, 'looking at the free disk space');
    return null;
  }
}
