/** HTTP edge of merging: /api/v1/origins (see shared/protocol/offline/journal.ts). */
import type { Context } from 'hono';
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import {
  journalAck,
  journalBatch,
  journalSummary,
  MAX_JOURNAL_BYTES,
  originAnnounce,
  originView,
  verifyAnswer,
} from '../../shared/protocol/offline/journal.ts';
import { idParam } from '../../shared/protocol/rest/common.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import type { AppEnv } from '../http/env.ts';
import { principalKey, requireAny } from '../http/principal.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import type { Applier } from './apply.ts';
import { announceOrigin, foreignOrigin, listOrigins, requireBringer, type Origin } from './origins.ts';
import { receiveBatch } from './receive.ts';
import { verifyBrought } from './verify.ts';

export interface MergeRoutesDeps {
  db: Database;
  clock: Clock;
  store: BlobStore;
  /** Newest migration that this program knows. */
  schema: number;
  applier: Pick<Applier, 'wake'>;
}

const tags: [string] = ['Merging'];

export function mergeRoutes({ db, clock, store, schema, applier }: MergeRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/origins',
        access: 'viewer',
        tags,
        summary: 'This coordinator, and those whose work was merged into it',
        responses: { 200: json(z.object({ items: z.array(originView) }), 'Origins, its own first') },
      }),
      async (c) => c.json({ items: await db.read(listOrigins) }, 200),
    )
    .openapi(
      route({
        method: 'put',
        path: '/origins/{id}',
        access: 'sync or admin of all',
        tags,
        summary: 'Announce a promoted coordinator, before it brings what it did',
        description: 'Idempotent. Whoever announced an origin brings its entries; an admin may bring those of any.',
        request: { params: idParam, body: jsonBody(originAnnounce) },
        responses: { 200: json(originView, 'The origin as it is known here') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const announce = c.req.valid('json');
        refuseOtherSchema(announce.schema, schema);
        const by = bringerOf(c);
        const view = await db.write(async (w) => {
          const now = clock.now();
          const isNew = (await foreignOrigin(w, id)) === null;
          const origin = await announceOrigin(w, id, announce, by, now);
          if (isNew) {
            const data = { origin: id, promoted_at: new Date(announce.promoted_at).toISOString(), slot: origin.slot };
            await recordAudit(w, { ...actorOf(c), action: 'origin.announced', target: origin.name, data }, now);
          }
          return (await listOrigins(w)).find((one) => one.id === id)!;
        });
        return c.json(view, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/origins/{id}/journal',
        access: 'sync or admin of all',
        tags,
        summary: 'Bring entries of the journal of an origin',
        description:
          'Acknowledged once they are durable; they are put in place in the background. The same again changes nothing; the order does not matter. ' +
          '403 for what belongs to another origin, 409 for another version, 413 and 422 for what is too large or damaged, 507 where the disk is full: send it again later.',
        request: { params: idParam, body: jsonBody(journalBatch) },
        maxBodyBytes: MAX_JOURNAL_BYTES,
        responses: { 200: json(journalAck, 'All of them are durable') },
      }),
      async (c) => {
        const batch = c.req.valid('json');
        refuseOtherSchema(batch.schema, schema);
        const origin = await requireOrigin(c, c.req.valid('param').id);
        const ack = await receiveBatch(db, origin, batch, () => clock.now());
        applier.wake();
        return c.json(ack, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/origins/{id}/verify',
        access: 'sync or admin of all',
        tags,
        summary: 'Compare what an origin has with what of it is here, by counts and hashes',
        description:
          'Worked out anew from what lies here. While entries wait to be put in place there is nothing to compare: ask again.',
        request: { params: idParam, body: jsonBody(journalSummary) },
        responses: { 200: json(verifyAnswer, 'Whether both sides have the same') },
      }),
      async (c) => {
        const origin = await requireOrigin(c, c.req.valid('param').id);
        const answer = await verifyBrought(db, store, origin, c.req.valid('json'));
        if (answer.equal && answer.summary) {
          const { kinds } = answer.summary;
          await db.write(async (w) => {
            const now = clock.now();
            await w.run('UPDATE origins SET verified_at = ? WHERE id = ?', [now, origin.id]);
            const counts = Object.fromEntries(Object.entries(kinds).map(([kind, { count }]) => [kind, count]));
            await recordAudit(
              w,
              { ...actorOf(c), action: 'origin.verified', target: origin.name, data: { origin: origin.id, ...counts } },
              now,
            );
          });
        }
        return c.json(answer, 200);
      },
    );

  async function requireOrigin(c: Context<AppEnv>, id: string): Promise<Origin> {
    const origin = await db.read((r) => foreignOrigin(r, id));
    if (!origin) throw notFound(`origin ${id}: announce it first (PUT /api/v1/origins/${id})`);
    requireBringer(origin, bringerOf(c));
    return origin;
  }
}

/** The route was only open to a sync credential and to admins of all. */
function bringerOf(c: Context<AppEnv>): { key: string; trusted: boolean } {
  const principal = requireAny(c);
  return { key: principalKey(principal), trusted: principal.kind === 'user' };
}

/** Columns mean what the version says that wrote them: both sides must be of the same. */
function refuseOtherSchema(theirs: number, ours: number): void {
  if (theirs === ours) return;
  const which = theirs > ours ? 'this coordinator' : 'the promoted coordinator';
  throw new Refusal(
    409,
    theirs > ours ? 'newer_journal' : 'older_journal',
    `The journal has version ${theirs}, this coordinator's database has ${ours}: update ${which}, then it goes on by itself.`,
  );
}
