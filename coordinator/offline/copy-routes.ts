/** HTTP edge of warm copies: what a worker that may hold one asks for, and who says that it may. */
import type { Context } from 'hono';
import type { Clock } from '../../shared/base/clock.ts';
import { idParam, isoTime } from '../../shared/protocol/rest/common.ts';
import { copyPermitPut, statementAnswer, statementRequest } from '../../shared/protocol/offline/promotion.ts';
import {
  copyQuery,
  partHashes,
  warmCopyPage,
  WARM_COPY_VERSION,
  type CopyPermit,
  type CopyQuery,
  type PartHashes,
  type WarmCopyPage,
} from '../../shared/protocol/offline/warm-copy.ts';
import { worker } from '../../shared/protocol/rest/workers.ts';
import { actorOf, recordAudit, sha256 } from '../audit/record.ts';
import { commit } from '../http/commit.ts';
import type { AppEnv } from '../http/env.ts';
import { isInsideMachine } from '../http/inside.ts';
import { requireWorker } from '../http/principal.ts';
import { badField, notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { issueSyncCredential } from '../identity/sync-credentials.ts';
import { getWorker } from '../workers/queries.ts';
import { readHistory, readSecrets, readTables, type Opened } from './read-copy.ts';
import { changedParts, hashPart, readCursor, STATEMENT_LIFE_MS, writeCursor } from './rules.ts';
import type { StatementSigner } from './signer.ts';

export interface CopyRoutesDeps {
  db: Database;
  clock: Clock;
  /** Of this coordinator. */
  origin: string;
  /** Number of its newest migration. */
  schema: number;
  signer: StatementSigner;
  opened: Opened;
  /** Whoever asks from another machine is answered encrypted. */
  secure: boolean;
}

const tags: [string] = ['Offline'];
/** Rows that changed a moment ago wait for the next question: others may still come before them in their order. */
const SETTLED_MS = 2_000;

export function copyRoutes({ db, clock, origin, schema, signer, opened, secure }: CopyRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/warm-copy',
        access: 'worker',
        tags,
        summary: 'Copy what a stand-in needs: for workers that an admin lets hold it',
        description:
          'People with the hashes of their passwords, teams, tokens, workers, settings, projects, templates and the history of tests; values of secrets ' +
          'only where the permit and `secrets=yes` say so. `have` and `cursor` of the answer before make it an answer of what has changed; with its ' +
          '`ETag` in `If-None-Match` it is 304 where nothing has. Unencrypted it is answered to this machine alone.',
        request: { query: copyQuery },
        responses: { 200: json(warmCopyPage, 'A page of the copy'), 304: { description: 'Nothing has changed' } },
      }),
      async (c) => {
        const query = c.req.valid('query');
        const workerId = requireWorker(c);
        refuseInTheClear(c, secure);
        const have = readHave(query);
        const now = clock.now();
        const { page, permit } = await db.read(async (r) => {
          const permit = await permitOf(r, workerId);
          const withSecrets = permit === 'secrets' && query.secrets === 'yes';
          return { permit, page: await readPage(r, { query, have, withSecrets, now, origin, schema, opened }) };
        });
        const etag = `"${sha256(JSON.stringify([page.hashes, page.cursor])).slice(0, 32)}"`;
        const unchanged = c.req.header('if-none-match') === etag && !page.anew && page.history.length === 0;
        const parts = [...Object.keys(page.tables), ...(page.secrets ? ['secrets'] : [])];
        await db.write(async (w) => {
          if (!page.more) await w.run('UPDATE workers SET warm_copy_at = ? WHERE id = ?', [now, workerId]);
          if (unchanged || parts.length === 0) return;
          const data = { permit, parts, secrets: page.secrets?.length ?? 0 };
          await recordAudit(w, { ...actorOf(c), action: 'warm_copy.taken', target: workerId, data }, now);
        });
        c.header('etag', etag);
        return unchanged ? c.body(null, 304) : c.json(page, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/warm-copy/statement',
        access: 'worker',
        tags,
        summary: 'Sign that this worker, with this certificate, may stand in for the coordinator for two weeks',
        request: { body: jsonBody(statementRequest) },
        responses: { 201: json(statementAnswer, 'The statement') },
      }),
      async (c) => {
        const { pin, sync } = c.req.valid('json');
        const workerId = requireWorker(c);
        refuseInTheClear(c, secure);
        const answer = await db.write(async (w) => {
          const now = clock.now();
          await permitOf(w, workerId);
          const row = await w.get<{ hostname: string }>('SELECT hostname FROM workers WHERE id = ?', [workerId]);
          const name = row?.hostname ?? workerId;
          const expires = now + STATEMENT_LIFE_MS;
          const credential = sync
            ? await issueSyncCredential(w, { name, workerId, createdBy: 'warm copy' }, now)
            : null;
          const data = { pin, until: isoTime(expires), sync: credential?.id ?? null };
          await recordAudit(w, { ...actorOf(c), action: 'promotion.stated', target: name, data }, now);
          const machine = { worker_id: workerId, name };
          const statement = signer.sign({ version: 1, origin, machine, pin, issued_at: now, expires_at: expires });
          return { statement, sync: credential?.secret ?? null };
        });
        return c.json(answer, 201);
      },
    )
    .openapi(
      route({
        method: 'put',
        path: '/workers/{id}/warm-copy',
        access: 'admin of all',
        tags,
        summary: 'Say whether a worker may hold a copy of this coordinator, to stand in for it when it is away',
        request: { params: idParam, body: jsonBody(copyPermitPut) },
        responses: { 200: json(worker, 'The worker') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { permit } = c.req.valid('json');
        return commit(c, { db, clock }, 200, async (w, now) => {
          const { changes } = await w.run('UPDATE workers SET warm_copy = ? WHERE id = ? AND revoked_at IS NULL', [
            permit,
            id,
          ]);
          const found = changes === 0 ? null : await getWorker(w, c.var.scope.reads, id);
          if (!found) throw notFound(`worker ${id}`);
          const { hostname } = found;
          await w.event({ type: 'worker.changed', workerId: id, data: { worker: hostname, fields: ['warm_copy'] } });
          const data = { id, permit };
          await recordAudit(w, { ...actorOf(c), action: 'warm_copy.permitted', target: hostname, data }, now);
          return found;
        });
      },
    );
}

/** What the worker may hold; throws where that is nothing. Not approved is not trusted. */
async function permitOf(r: ReadHandle, workerId: string): Promise<CopyPermit> {
  const row = await r.get<{ warm_copy: CopyPermit; approved: number }>(
    'SELECT warm_copy, approved FROM workers WHERE id = ? AND revoked_at IS NULL',
    [workerId],
  );
  if (row?.approved === 1 && row.warm_copy !== 'no') return row.warm_copy;
  throw new Refusal(
    409,
    'warm_copy_not_permitted',
    'This worker may not hold a copy of the coordinator. An admin permits it: playfleet copies allow NAME.',
  );
}

/** It holds what opens accounts: nobody on the way may read it. */
function refuseInTheClear(c: Context<AppEnv>, secure: boolean): void {
  if (secure || isInsideMachine(c.env.incoming.socket.remoteAddress ?? '')) return;
  throw new Refusal(
    409,
    'warm_copy_needs_tls',
    'A copy is not sent unencrypted. Start the coordinator with --tls, or behind a proxy with https.',
  );
}

function readHave({ have }: CopyQuery): PartHashes {
  if (have === undefined) return {};
  const parsed = partHashes.safeParse(parseJson(have));
  if (!parsed.success)
    throw badField('have', 'must be the hashes of an answer before, as JSON; leave it out to begin anew');
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface PageOf {
  query: CopyQuery;
  have: PartHashes;
  withSecrets: boolean;
  now: number;
  origin: string;
  schema: number;
  opened: Opened;
}

async function readPage(
  r: ReadHandle,
  { query, have, withSecrets, now, origin, schema, opened }: PageOf,
): Promise<WarmCopyPage> {
  const after = query.cursor === undefined ? null : readCursor(query.cursor);
  if (after === null && query.cursor !== undefined) {
    throw badField('cursor', 'is none that an answer has given; leave it out to begin anew');
  }
  const tables = await readTables(r, opened);
  const secrets = withSecrets ? await readSecrets(r, opened) : null;
  const hashes = Object.fromEntries([
    ...Object.entries(tables).map(([name, rows]) => [name, hashPart(rows)]),
    ...(secrets === null ? [] : [['secrets', hashPart(secrets)]]),
  ]) as PartHashes;
  const changed = changedParts(hashes, have);
  const { rows, more } = await readHistory(r, after, now - SETTLED_MS);
  const last = rows.at(-1);
  const cursor = last
    ? { updatedAt: last.updated_at, projectId: last.project_id, testId: last.test_id }
    : (after ?? { updatedAt: 0, projectId: '', testId: '' });
  return {
    version: WARM_COPY_VERSION,
    origin,
    schema,
    at: now,
    hashes,
    tables: Object.fromEntries(Object.entries(tables).filter(([name]) => changed.has(name as keyof PartHashes))),
    ...(secrets !== null && changed.has('secrets') ? { secrets } : {}),
    anew: after === null,
    history: rows,
    cursor: writeCursor(cursor),
    more,
  };
}
