/** HTTP edge of a project's tests over its runs: /api/v1/projects/{project}/tests. */
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { projectParam } from '../../shared/protocol/rest/secrets.ts';
import { testHistory, testHistoryQuery, testsQuery, testStandings } from '../../shared/protocol/rest/tests.ts';
import { afterNumber, pageBy } from '../http/paging.ts';
import { notFound } from '../http/refusal.ts';
import { json, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { requireProject } from '../projects/queries.ts';
import type { Database } from '../storage/database.ts';
import { periodOf, rangeOf, wholeDays } from './rules/range.ts';
import { readTestHistory } from './test-history.ts';
import { TestStandings } from './test-standings.ts';

const tags: [string] = ['Analytics'];
const testParam = projectParam.extend({ test_id: z.string().min(1).max(200) });

export function testRoutes({ db, clock }: { db: Database; clock: Clock }) {
  const standings = new TestStandings({ db, clock });
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/projects/{project}/tests',
        access: 'viewer',
        tags,
        summary: 'List the flakiest, most failing or slowest tests of a project',
        request: { params: projectParam, query: testsQuery },
        responses: { 200: json(testStandings, 'A page of tests, worst first') },
      }),
      async (c) => {
        const { limit, cursor, sort, min_runs: minRuns, from, to, team } = c.req.valid('query');
        const { project } = c.req.valid('param');
        const range = wholeDays(rangeOf({ from, to }, clock.now()));
        const offset = Math.max(0, afterNumber(cursor) ?? 0);
        const { id } = await db.read((r) => requireProject(r, c.var.scope, project, { team }));
        const { total, tests } = await standings.list(id, range, { sort, minRuns, limit: limit + 1, offset });
        const rows = tests.map((test, i) => ({ test, position: offset + i + 1 }));
        const page = pageBy(
          rows,
          limit,
          (row) => row.position,
          (row) => row.test,
        );
        return c.json({ period: periodOf(range), ...page, total }, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/projects/{project}/tests/{test_id}',
        access: 'viewer',
        tags,
        summary: 'Read what became of a test in the last runs, and how reliable it is',
        request: { params: testParam, query: testHistoryQuery },
        responses: { 200: json(testHistory, 'The test over its runs') },
      }),
      async (c) => {
        const { project, test_id: testId } = c.req.valid('param');
        const { last, team } = c.req.valid('query');
        const found = await db.read(async (r) => {
          const { id } = await requireProject(r, c.var.scope, project, { team });
          return readTestHistory(r, id, testId, last);
        });
        if (!found) throw notFound(`test ${testId} in project ${project}`);
        return c.json(found, 200);
      },
    );
}
