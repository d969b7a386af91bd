/** HTTP edge of reports: the merged HTML report, its JSON and JUnit forms, and everything as an archive. */
import type { Context } from 'hono';
import { runLabel } from '../../shared/model/run-label.ts';
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { id as anyId, idParam } from '../../shared/protocol/rest/common.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import { serveFile } from '../artifacts/serve-file.ts';
import { actorOf, recordAudit, type Deed } from '../audit/record.ts';
import type { AppEnv } from '../http/env.ts';
import { Refusal } from '../http/refusal.ts';
import type { Scope } from '../http/scope.ts';
import { route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { findRunId } from '../runs/queries.ts';
import { unknownRun } from '../runs/routes.ts';
import { StorageFullError, StorageLockedError, type Database } from '../storage/database.ts';
import { archiveOf } from './archive.ts';
import type { StoredReport } from './store-report.ts';

export interface ReportRoutesDeps {
  db: Database;
  clock: Clock;
  store: BlobStore;
  /** Address on the content origin, valid for `lifeMs`. */
  contentUrl: (c: Context<AppEnv>, tree: string, path: string, lifeMs: number) => string;
}

const tags: [string] = ['Results'];
const file = { description: 'The file' };
/** A report is looked at for a while; its address must not be worth passing on. */
const LINK_LIFE_MS = 8 * 3600_000;

export function reportRoutes({ db, clock, store, contentUrl }: ReportRoutesDeps) {
  /** A full disk does not keep anybody from reading: the log of the process tells of it then. */
  const note = async (c: Context<AppEnv>, deed: Pick<Deed, 'action' | 'target' | 'data'>): Promise<void> => {
    try {
      await db.write((w) => recordAudit(w, { ...actorOf(c), ...deed }, clock.now()));
    } catch (error) {
      if (!(error instanceof StorageFullError || error instanceof StorageLockedError)) throw error;
      c.var.log.warn({ ...actorOf(c), ...deed }, 'not in the audit log: the storage refuses');
    }
  };
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/report',
        access: 'viewer',
        tags,
        summary: 'Open the HTML report: redirects to a signed, short-lived address',
        request: { params: idParam },
        responses: { 302: { description: 'Where the report is' } },
      }),
      async (c) => {
        const { report, number } = await readReport(db, c.var.scope, c.req.valid('param').id);
        await note(c, { action: 'report.opened', target: `run ${runLabel(number)}` });
        return c.redirect(contentUrl(c, report.html, 'index.html', LINK_LIFE_MS), 302);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/test-runs/{id}/report/{format}',
        access: 'viewer',
        tags,
        summary: 'Download the report as JSON (Playwright’s format) or JUnit XML',
        request: { params: idParam.extend({ format: z.enum(['json', 'xml']) }) },
        responses: { 200: file },
      }),
      async (c) => {
        const { id, format } = c.req.valid('param');
        const { report, number } = await readReport(db, c.var.scope, id);
        await note(c, { action: 'report.downloaded', target: `run ${runLabel(number)}`, data: { format } });
        const { sha256, size } = format === 'json' ? report.json : report.junit;
        const contentType = format === 'json' ? 'application/json' : 'application/xml';
        return serveFile(c, {
          file: store.pathOf(sha256),
          size,
          etag: sha256,
          contentType,
          download: `run-${number}.${format}`,
        });
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/results/{test_run_id}/download',
        access: 'viewer',
        tags,
        summary: 'Download everything of a run as one zip: reports, attachments, logs',
        request: { params: z.object({ test_run_id: anyId }) },
        responses: { 200: file },
      }),
      async (c) => {
        const { report, runId, number } = await readReport(db, c.var.scope, c.req.valid('param').test_run_id);
        await note(c, { action: 'report.downloaded', target: `run ${runLabel(number)}`, data: { format: 'zip' } });
        const archive = await archiveOf(db, store, runId, report);
        return c.body(archive, 200, {
          'content-type': 'application/zip',
          'content-disposition': `attachment; filename="run-${number}.zip"`,
        }) as never;
      },
    );
}

/** Refuses with the reason where there is no report (yet). */
async function readReport(
  db: Database,
  scope: Scope,
  idOrNumber: string,
): Promise<{ report: StoredReport; runId: string; number: number }> {
  const row = await db.read(async (r) => {
    const runId = await findRunId(r, scope, idOrNumber);
    if (runId === null) return undefined;
    return r.get<{ id: string; number: number; state: string; report_state: string; report: string | null }>(
      'SELECT id, number, state, report_state, report FROM runs WHERE id = ?',
      [runId],
    );
  });
  if (!row) throw unknownRun(idOrNumber);
  const report = row.report === null ? null : (JSON.parse(row.report) as StoredReport);
  if (row.report_state === 'ready' && report) return { report, runId: row.id, number: row.number };
  if (row.report_state === 'failed') {
    throw new Refusal(
      409,
      'report_failed',
      `There is no report of this run: ${report?.message ?? 'it could not be made'}`,
    );
  }
  const why = ['completed', 'failed', 'cancelled'].includes(row.state)
    ? 'is being made'
    : 'is made when the run has ended';
  throw new Refusal(409, 'report_not_ready', `The report of this run ${why}. Ask again in a moment.`, {
    headers: { 'retry-after': '2' },
  });
}
