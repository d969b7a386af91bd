/** HTTP edge of run templates: /api/v1/run-templates. */
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { idParam, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import {
  template,
  templateCreate,
  templateFilter,
  templatePut,
  templateRun,
} from '../../shared/protocol/rest/launch.ts';
import { runCreate, runCreated, type RunCreate } from '../../shared/protocol/rest/runs.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { commit } from '../http/commit.ts';
import { afterText, pageBy } from '../http/paging.ts';
import { requireUser } from '../http/principal.ts';
import { badField } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { requireActs } from '../http/scope.ts';
import { findTeam } from '../identity/find-team.ts';
import { createForTeam, noTeam } from '../runs/create-for-team.ts';
import { createdAnswer } from '../runs/routes.ts';
import { teamForRun } from '../projects/queries.ts';
import type { Database } from '../storage/database.ts';
import { requestOf } from './rules/template-values.ts';
import { addTemplate, changeTemplate, listTemplates, noteUse, requireTemplate } from './templates.ts';

export interface TemplateRoutesDeps {
  db: Database;
  clock: Clock;
  defaults: () => { maxRetries: number; taskTimeoutMs: number };
}

const tags: [string] = ['Run templates'];

export function templateRoutes({ db, clock, defaults }: TemplateRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/run-templates',
        access: 'viewer',
        tags,
        summary: 'List run templates by name',
        description: 'Values of variables are hidden.',
        request: { query: templateFilter.extend(pageQuery.shape) },
        responses: { 200: json(page(template), 'A page of templates') },
      }),
      async (c) => {
        const { limit, cursor, team, ...filter } = c.req.valid('query');
        const after = afterText(cursor);
        const rows = await db.read(async (r) => {
          const { reads } = c.var.scope;
          const teamId = team === undefined ? null : ((await findTeam(r, reads, team))?.id ?? '');
          return listTemplates(r, reads, { ...filter, teamId }, { limit: limit + 1, after });
        });
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.key,
            (row) => row.template,
          ),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/run-templates',
        access: 'runner',
        tags,
        summary: 'Make a run template',
        request: { body: jsonBody(templateCreate) },
        responses: { 201: json(template, 'The template') },
      }),
      async (c) => {
        const { team: wanted, ...put } = c.req.valid('json');
        const by = requireUser(c).name;
        return commit(c, { db, clock }, 201, async (w, now) => {
          const { scope } = c.var;
          const team = await teamForRun(w, scope.reads, wanted ?? null);
          if (!team) throw noTeam(wanted, scope.reads);
          requireActs(scope, team.id);
          const id = await addTemplate(w, { ...put, teamId: team.id, by }, now);
          await recordAudit(w, { ...actorOf(c), action: 'template.added', target: put.name, data: { id } }, now);
          return (await requireTemplate(w, scope, id)).template;
        });
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/run-templates/{id}',
        access: 'viewer',
        tags,
        summary: 'Read a run template',
        request: { params: idParam },
        responses: { 200: json(template, 'The template') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const found = await db.read((r) => requireTemplate(r, c.var.scope, id));
        return c.json(found.template, 200);
      },
    )
    .openapi(
      route({
        method: 'put',
        path: '/run-templates/{id}',
        access: 'runner',
        tags,
        summary: 'Change a run template',
        description: 'All of it. A value that was hidden in the answer, sent back as it was, stays.',
        request: { params: idParam, body: jsonBody(templatePut) },
        responses: { 200: json(template, 'The template') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const put = c.req.valid('json');
        const by = requireUser(c).name;
        return commit(c, { db, clock }, 200, async (w, now) => {
          const before = await requireTemplate(w, c.var.scope, id);
          await changeTemplate(w, before, { ...put, by }, now);
          await recordAudit(w, { ...actorOf(c), action: 'template.changed', target: put.name, data: { id } }, now);
          return (await requireTemplate(w, c.var.scope, id)).template;
        });
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/run-templates/{id}',
        access: 'runner',
        tags,
        summary: 'Remove a run template; its runs stay',
        request: { params: idParam },
        responses: { 200: json(z.object({ message: z.string() }), 'Removed') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        return commit(c, { db, clock }, 200, async (w, now) => {
          const { name } = await requireTemplate(w, c.var.scope, id);
          await w.run('DELETE FROM run_templates WHERE id = ?', [id]);
          await recordAudit(w, { ...actorOf(c), action: 'template.removed', target: name, data: { id } }, now);
          return { message: `The run template ${name} was removed.` };
        });
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/run-templates/{id}/run',
        access: 'runner',
        tags,
        summary: 'Start a run from a template',
        description:
          'What the request says stands in place of what the template says; metadata and env are added to it.',
        request: { params: idParam, body: jsonBody(templateRun) },
        responses: { 201: json(runCreated, 'The run') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const once = c.req.valid('json');
        const createdBy = requireUser(c).name;
        return commit(c, { db, clock }, 201, async (w, now) => {
          const { scope } = c.var;
          const create = checked(requestOf(await requireTemplate(w, scope, id), once));
          const created = await createForTeam(w, { create, createdBy, scope, defaults: defaults() }, now);
          await noteUse(w, id, now);
          return createdAnswer(created);
        });
      },
    );
}

/** Both parts were checked alone; together they may still contradict each other. */
function checked(request: Record<string, unknown>): RunCreate {
  const parsed = runCreate.safeParse(request);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badField(issue?.path.join('.') ?? '', issue?.message ?? 'is not accepted');
}
