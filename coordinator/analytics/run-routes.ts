/** HTTP edge of what is made of one run's results: failures by error, comparison, the report to be pasted. */
import { z } from 'zod';
import { runLabel } from '../../shared/model/run-label.ts';
import { compareQuery, comparison, failureClusters } from '../../shared/protocol/rest/analysis.ts';
import { idParam } from '../../shared/protocol/rest/common.ts';
import { afterNumber, pageBy } from '../http/paging.ts';
import { badField, Refusal } from '../http/refusal.ts';
import { json, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { findRunId, getRun } from '../runs/queries.ts';
import { unknownRun } from '../runs/routes.ts';
import type { Database } from '../storage/database.ts';
import { compare, readRun, runBefore } from './compare-runs.ts';
import { readFailures } from './run-failures.ts';
import { readMarkdown } from './markdown-report.ts';

const tags: [string] = ['Results'];

export function runAnalysisRoutes({ db }: { db: Database }) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/failures',
        access: 'viewer',
        tags,
        summary: 'Failed and flaky tests of a run, grouped by their error',
        request: { params: idParam },
        responses: { 200: json(failureClusters, 'The groups, the largest first') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const run = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          return r.get<{ id: string; number: number; unexpected: number; flaky: number }>(
            'SELECT id, number, unexpected, flaky FROM runs WHERE id = ?',
            [runId],
          );
        });
        if (!run) throw unknownRun(id);
        return c.json(await readFailures(db, run), 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/compare',
        access: 'viewer',
        tags,
        summary: 'What is different from an earlier run: newly failing, fixed, slower, added, …',
        request: { params: idParam, query: compareQuery },
        responses: { 200: json(comparison, 'A page of changes') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { with: other, change = null, percent, at_least_ms: atLeastMs, limit, cursor } = c.req.valid('query');
        const offset = Math.max(0, afterNumber(cursor) ?? 0);
        const [run, before] = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          const found = runId === null ? undefined : await readRun(r, runId);
          if (!found) throw unknownRun(id);
          if (other === undefined) return [found, await runBefore(r, found)];
          const otherId = await findRunId(r, c.var.scope, other);
          const named = otherId === null ? undefined : await readRun(r, otherId);
          if (!named) throw badField('with', `${other} is no test run`);
          if (named.project_id !== found.project_id) throw badField('with', `${other} is a run of another project`);
          return [found, named];
        });
        if (!before) {
          throw new Refusal(
            409,
            'nothing_to_compare',
            `There is no run with results before run ${runLabel(run.number)}: say which with ?with=…`,
          );
        }
        const page = { change, limit: limit + 1, offset };
        const { items, ...answer } = await compare(db, run, before, { percent, atLeastMs }, page);
        const rows = items.map((item, i) => ({ item, position: offset + i + 1 }));
        const paged = pageBy(
          rows,
          limit,
          (row) => row.position,
          (row) => row.item,
        );
        return c.json({ ...answer, ...paged }, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/report.md',
        access: 'viewer',
        tags,
        summary: 'The report of a run as Markdown, to be pasted into a pull request',
        description: 'Also of a run that goes on: then of what is known so far.',
        request: { params: idParam },
        responses: { 200: { content: { 'text/markdown': { schema: z.string() } }, description: 'The report' } },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const run = await db.read((r) => getRun(r, c.var.scope, id, false));
        if (!run) throw unknownRun(id);
        const text = await readMarkdown(db, run, new URL(c.req.url).origin);
        return c.body(text, 200, {
          'content-type': 'text/markdown; charset=utf-8',
          'content-disposition': `inline; filename="run-${run.number}.md"`,
        });
      },
    );
}
