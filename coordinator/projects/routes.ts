/** HTTP edge of projects: /api/v1/projects. */
import { page, pageQuery } from '../../shared/protocol/rest/common.ts';
import { project } from '../../shared/protocol/rest/projects.ts';
import { afterText, pageBy } from '../http/paging.ts';
import { json, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { listProjects } from './queries.ts';

export function projectRoutes({ db }: { db: Database }) {
  return createRouter().openapi(
    route({
      method: 'get',
      path: '/projects',
      access: 'viewer',
      tags: ['Projects'],
      summary: 'List projects by name, with how many runs they have',
      request: { query: pageQuery },
      responses: { 200: json(page(project), 'A page of projects') },
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const after = afterText(cursor);
      const rows = await db.read((r) => listProjects(r, c.var.scope.reads, { limit: limit + 1, after }));
      return c.json(
        pageBy(
          rows,
          limit,
          (row) => row.key,
          (row) => row.project,
        ),
        200,
      );
    },
  );
}
