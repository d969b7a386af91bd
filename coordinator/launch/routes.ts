/** HTTP edge of what helps to start a run: /api/v1/projects/{project}/suite, preview, sources. */
import type { Clock } from '../../shared/base/clock.ts';
import { preview, previewRequest, sources, suite } from '../../shared/protocol/rest/launch.ts';
import { ofProject } from '../../shared/protocol/rest/ranges.ts';
import { projectParam } from '../../shared/protocol/rest/secrets.ts';
import { Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Scope } from '../http/scope.ts';
import { requireProject } from '../projects/queries.ts';
import type { Database } from '../storage/database.ts';
import { previewRun } from './preview.ts';
import { describeSuite } from './rules/describe-suite.ts';
import { readSources } from './sources.ts';
import { Suites } from './suite.ts';

const tags: [string] = ['Projects'];

export function launchRoutes({ db, clock }: { db: Database; clock: Clock }) {
  const suites = new Suites(db);
  const known = async (scope: Scope, name: string, of: { team?: string | undefined }) => {
    const project = await db.read((r) => requireProject(r, scope, name, of));
    const found = await suites.of(project.id);
    if (!found) {
      throw new Refusal(409, 'nothing_known', `No run of project ${name} has found any tests yet: run it once.`);
    }
    return { project, suite: found };
  };
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/projects/{project}/suite',
        access: 'viewer',
        tags,
        summary: 'What the suite of a project consists of, as far as its runs have told',
        request: { params: projectParam, query: ofProject },
        responses: { 200: json(suite, 'Projects, tags and files with how many tests they have') },
      }),
      async (c) => {
        const found = await known(c.var.scope, c.req.valid('param').project, c.req.valid('query'));
        return c.json(describeSuite(found.suite, clock.now()), 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/projects/{project}/preview',
        access: 'viewer',
        tags,
        summary: 'How many tests a choice takes, where they could run, and how long that would probably take',
        description: 'Starts nothing.',
        request: { params: projectParam, query: ofProject, body: jsonBody(previewRequest) },
        responses: { 200: json(preview, 'What a run would be') },
      }),
      async (c) => {
        const asked = c.req.valid('json');
        const found = await known(c.var.scope, c.req.valid('param').project, c.req.valid('query'));
        return c.json(await previewRun(db, { ...found, asked }, clock.now()), 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/projects/{project}/sources',
        access: 'viewer',
        tags,
        summary: 'Branches, working trees and folders that earlier runs of a project were of',
        request: { params: projectParam, query: ofProject },
        responses: { 200: json(sources, 'The newest of each first') },
      }),
      async (c) => {
        const { project } = c.req.valid('param');
        const of = c.req.valid('query');
        const found = await db.read(async (r) => {
          const { id } = await requireProject(r, c.var.scope, project, of);
          return readSources(r, id);
        });
        return c.json(found, 200);
      },
    );
}
