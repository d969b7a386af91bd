/** HTTP edge of screenshots that were not as expected: /api/v1/test-runs/{id}/screenshots. */
import { Readable } from 'node:stream';
import { runLabel } from '../../shared/model/run-label.ts';
import { ZipFile } from 'yazl';
import type { Clock } from '../../shared/base/clock.ts';
import {
  screenshotComparison,
  screenshotsAccept,
  type ScreenshotComparison,
} from '../../shared/protocol/rest/analysis.ts';
import { idParam, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { afterNumber, pageBy } from '../http/paging.ts';
import { requireUser } from '../http/principal.ts';
import { badField, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { findRunId } from '../runs/queries.ts';
import { unknownRun } from '../runs/routes.ts';
import type { Database } from '../storage/database.ts';
import { filesOf, listScreenshots, screenshotsOf, type Files } from './screenshots.ts';

const tags: [string] = ['Results'];

export interface ScreenshotRoutesDeps {
  db: Database;
  clock: Clock;
  store: BlobStore;
}

export function screenshotRoutes({ db, clock, store }: ScreenshotRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/screenshots',
        access: 'viewer',
        tags,
        summary: 'List screenshots of a run that were not as expected, with expectation, difference and path',
        description: 'A page holds all of so many tests (limit); a test may have several.',
        request: { params: idParam, query: pageQuery },
        responses: { 200: json(page(screenshotComparison), 'A page of comparisons') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { limit, cursor } = c.req.valid('query');
        const after = afterNumber(cursor);
        const runId = await db.read((r) => findRunId(r, c.var.scope, id));
        if (runId === null) throw unknownRun(id);
        const files = await filesOf(db, store, runId);
        const rows = await db.read((r) => listScreenshots(r, runId, files, { limit: limit + 1, after }));
        const { items, next_cursor } = pageBy(
          rows,
          limit,
          (row) => row.no,
          (row) => row.comparisons,
        );
        return c.json({ items: items.flat(), next_cursor }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/test-runs/{id}/screenshots/accept',
        access: 'runner',
        tags,
        summary: 'Take screenshots over as the new expectation: a zip of snapshot files to be put into the source',
        description:
          'The files stand at their paths in the source tree: unpack them over it and commit them. Who accepted what is kept; nothing else changes.',
        request: { params: idParam, body: jsonBody(screenshotsAccept) },
        responses: { 200: { description: 'The files (application/zip)' } },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { ids } = c.req.valid('json');
        const found = await db.read(async (r) => {
          const runId = await findRunId(r, c.var.scope, id);
          if (runId === null) return undefined;
          return r.get<{ id: string; number: number }>('SELECT id, number FROM runs WHERE id = ?', [runId]);
        });
        if (!found) throw unknownRun(id);
        const chosen = await chosenOf(db, found.id, await filesOf(db, store, found.id), ids);
        const zip = new ZipFile();
        for (const [path, { actual }] of chosen) {
          const file = await store.fileOf(actual.sha256);
          if (file === null) {
            throw new Refusal(409, 'not_stored', `The image of ${path} has not arrived yet, or is not kept any more.`);
          }
          zip.addFile(file, path, { compress: false });
        }
        await db.write(async (w) => {
          const now = clock.now();
          const by = requireUser(c).name;
          for (const [path, { id: comparison, actual }] of chosen) {
            await w.run(
              `INSERT INTO accepted_screenshots (run_id, comparison, path, sha256, accepted_at, accepted_by) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (run_id, comparison) DO UPDATE SET path = excluded.path, sha256 = excluded.sha256,
                 accepted_at = excluded.accepted_at, accepted_by = excluded.accepted_by`,
              [found.id, comparison, path, actual.sha256, now, by],
            );
          }
          const data = { run: found.id, paths: [...chosen.keys()].slice(0, 50), files: chosen.size };
          await recordAudit(
            w,
            { ...actorOf(c), action: 'screenshots.accepted', target: `run ${runLabel(found.number)}`, data },
            now,
          );
        });
        zip.end();
        return c.body(Readable.toWeb(zip.outputStream as Readable) as ReadableStream, 200, {
          'content-type': 'application/zip',
          'content-disposition': `attachment; filename="run-${found.number}-screenshots.zip"`,
        }) as never;
      },
    );
}

/** By path. Throws a Refusal that names the first id that cannot be taken over. */
async function chosenOf(
  db: Database,
  runId: string,
  files: Files,
  ids: readonly string[],
): Promise<Map<string, ScreenshotComparison>> {
  const chosen = new Map<string, ScreenshotComparison>();
  for (const [i, id] of ids.entries()) {
    const testId = id.slice(0, id.indexOf('/'));
    const own = await db.read((r) => screenshotsOf(r, runId, testId, files));
    const comparison = own.find((one) => one.id === id);
    if (!comparison) throw badField(`ids[${i}]`, 'is no screenshot of this run that was not as expected');
    const { path } = comparison;
    if (path === null)
      throw new Refusal(409, 'no_path', `${comparison.name}: ${comparison.why ?? 'its path is not known'}.`);
    const other = chosen.get(path);
    if (other && other.actual.sha256 !== comparison.actual.sha256) {
      throw badField(`ids[${i}]`, `and ${other.id} are different images for ${path}: accept one of them`);
    }
    chosen.set(path, comparison);
  }
  return chosen;
}
