/** HTTP edge of secrets: /api/v1/projects/{project}/secrets. No answer holds a value, and nothing here is stored for a repeated request. */
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { ofProject } from '../../shared/protocol/rest/ranges.ts';
import { projectParam, secretParam, secretPut, secretsAnswer } from '../../shared/protocol/rest/secrets.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { requireUser } from '../http/principal.ts';
import { notFound } from '../http/refusal.ts';
import { requireActs } from '../http/scope.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { getOrCreateProject } from './get-or-create-project.ts';
import { findProject, teamForRun } from './queries.ts';
import type { ProjectSecrets } from './secrets.ts';

export interface SecretRoutesDeps {
  db: Database;
  clock: Clock;
  secrets: ProjectSecrets;
}

const tags: [string] = ['Projects'];
const message = z.object({ message: z.string() });
/** Id or name of the team, where several have a project of that name. */

export function secretRoutes({ db, clock, secrets }: SecretRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/projects/{project}/secrets',
        access: 'maintainer',
        tags,
        summary: 'List the secrets of a project, without their values',
        request: { params: projectParam, query: ofProject },
        responses: { 200: json(secretsAnswer, 'Names, and who set them when') },
      }),
      async (c) => {
        const { project } = c.req.valid('param');
        const items = await db.read(async (r) => {
          const found = await findProject(r, c.var.scope, { name: project, ...c.req.valid('query') });
          return found && secrets.list(r, found.id);
        });
        if (!items) throw notFound(`project ${project}`);
        return c.json({ items }, 200);
      },
    )
    .openapi(
      route({
        method: 'put',
        path: '/projects/{project}/secrets/{environment}/{name}',
        access: 'maintainer',
        tags,
        summary: 'Set a secret; it can never be read again, only be replaced',
        description:
          'The tests of runs of this project and environment get it as an environment variable, and it is hidden in what they print and report.',
        request: { params: secretParam, query: ofProject, body: jsonBody(secretPut) },
        responses: { 200: json(message, 'Set') },
      }),
      async (c) => {
        const { project, environment, name } = c.req.valid('param');
        const { value, in_discovery: inDiscovery } = c.req.valid('json');
        const by = requireUser(c).name;
        await db.write(async (w) => {
          const now = clock.now();
          const { team } = c.req.valid('query');
          const found = await findProject(w, c.var.scope, { name: project, team });
          const owner = found ? { id: found.teamId } : await teamForRun(w, c.var.scope.reads, team ?? null);
          if (!owner) throw notFound(`team ${team ?? ''}`.trimEnd());
          requireActs(c.var.scope, owner.id);
          const projectId = await getOrCreateProject(w, { name: project, teamId: owner.id }, now);
          const place = { projectId, environment };
          await secrets.set(w, { place, name, value, inDiscovery, by }, now);
          const data = { project, environment, in_discovery: inDiscovery };
          await recordAudit(w, { ...actorOf(c), action: 'secret.set', target: name, data }, now);
        });
        return c.json({ message: `${name} is set for ${project} (${environment}); tasks that begin now get it` }, 200);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/projects/{project}/secrets/{environment}/{name}',
        access: 'maintainer',
        tags,
        summary: 'Remove a secret',
        request: { params: secretParam, query: ofProject },
        responses: { 200: json(message, 'Removed') },
      }),
      async (c) => {
        const { project, environment, name } = c.req.valid('param');
        const removed = await db.write(async (w) => {
          const found = await findProject(w, c.var.scope, { name: project, ...c.req.valid('query') });
          if (!found || !(await secrets.remove(w, { projectId: found.id, environment }, name))) return false;
          const data = { project, environment };
          await recordAudit(w, { ...actorOf(c), action: 'secret.removed', target: name, data }, clock.now());
          return true;
        });
        if (!removed) throw notFound(`secret ${name} of ${project} (${environment})`);
        return c.json({ message: `${name} is removed; tasks that run keep it until they end` }, 200);
      },
    );
}
