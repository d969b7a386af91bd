/** HTTP edge of what lets machines bring home what they did as promoted coordinators: /api/v1/sync-credentials. */
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { idParam, isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import {
  syncCredential,
  syncCredentialCreate,
  syncCredentialCreated,
  type SyncCredentialView,
} from '../../shared/protocol/rest/origins.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { requireUser } from '../http/principal.ts';
import { notFound } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { issueSyncCredential, revokeSyncCredential } from './sync-credentials.ts';

const tags: [string] = ['Merging'];

/** `forget`: what was known of who shows what; called after the commit. */
export function syncCredentialRoutes({ db, clock, forget }: { db: Database; clock: Clock; forget: () => void }) {
  return createRouter()
    .openapi(
      route({
        method: 'post',
        path: '/sync-credentials',
        access: 'admin of all',
        tags,
        summary: 'Let a machine bring home what it did as a promoted coordinator; the secret is answered only here',
        request: { body: jsonBody(syncCredentialCreate) },
        responses: { 201: json(syncCredentialCreated, 'The credential') },
      }),
      async (c) => {
        const { name } = c.req.valid('json');
        const by = requireUser(c).name;
        const now = clock.now();
        const made = await db.write(async (w) => {
          const made = await issueSyncCredential(w, { name, workerId: null, createdBy: by }, now);
          await recordAudit(w, { ...actorOf(c), action: 'sync.created', target: name, data: { id: made.id } }, now);
          return made;
        });
        c.header('cache-control', 'no-store');
        return c.json(
          { id: made.id, name, created_at: isoTime(now), created_by: by, revoked_at: null, secret: made.secret },
          201,
        );
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/sync-credentials',
        access: 'admin of all',
        tags,
        summary: 'Which machines may bring home what they did',
        responses: { 200: json(z.object({ items: z.array(syncCredential) }), 'Credentials, without their secrets') },
      }),
      async (c) => c.json({ items: await db.read(listCredentials) }, 200),
    )
    .openapi(
      route({
        method: 'delete',
        path: '/sync-credentials/{id}',
        access: 'admin of all',
        tags,
        summary: 'End a credential; what it has brought stays',
        request: { params: idParam },
        responses: { 200: json(z.object({ message: z.string() }), 'Ended') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const found = await db.write(async (w) => {
          const now = clock.now();
          const found = await revokeSyncCredential(w, id, forget, now);
          if (found) await recordAudit(w, { ...actorOf(c), action: 'sync.revoked', target: id }, now);
          return found;
        });
        if (!found) throw notFound(`sync credential ${id}`);
        return c.json({ message: 'It works no longer.' }, 200);
      },
    );
}

async function listCredentials(r: ReadHandle): Promise<SyncCredentialView[]> {
  const rows = await r.all<{
    id: string;
    name: string;
    created_at: number;
    created_by: string;
    revoked_at: number | null;
  }>('SELECT id, name, created_at, created_by, revoked_at FROM sync_credentials ORDER BY id DESC LIMIT 500');
  return rows.map((row) => ({
    ...row,
    created_at: isoTime(row.created_at),
    revoked_at: isoTimeOrNull(row.revoked_at),
  }));
}
