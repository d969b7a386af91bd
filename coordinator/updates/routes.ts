/** HTTP edge of releases: /api/v1/updates. */
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import type { UpdateKey } from '../../shared/model/update-trust.ts';
import { idParam } from '../../shared/protocol/rest/common.ts';
import { release, releaseImport, releasePatch, releasesAnswer } from '../../shared/protocol/rest/updates.ts';
import { MAX_ENVELOPE_BYTES } from '../../shared/protocol/update.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { commit } from '../http/commit.ts';
import { requireUser } from '../http/principal.ts';
import { badField, notFound } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { checkRelease, storeRelease } from './import-release.ts';
import { fleetVersions, getRelease, listReleases } from './queries.ts';

export interface UpdateRoutesDeps {
  db: Database;
  clock: Clock;
  store: Pick<BlobStore, 'fileOf'>;
  /** The publishers that are believed. */
  keys: readonly UpdateKey[];
  minimumAgentVersion: () => string | null;
}

const tags: [string] = ['Updates'];
const unknown = (id: string) => notFound(`release ${id}`);

export function updateRoutes({ db, clock, store, keys, minimumAgentVersion }: UpdateRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/updates',
        access: 'viewer',
        tags,
        summary: 'List the releases that machines can get from here, and the versions that they have',
        responses: { 200: json(releasesAnswer, 'Newest import first') },
      }),
      async (c) => {
        const [items, fleet] = await db.read((r) => Promise.all([listReleases(r, clock.now()), fleetVersions(r)]));
        return c.json({ items, minimum_agent_version: minimumAgentVersion(), fleet }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/updates',
        access: 'admin of all',
        tags,
        summary: 'Import a signed release, whose files were uploaded as blobs',
        description:
          'The signature, the end of its validity and each file are checked first. The same version signed again (longer, or for more machines) takes the place of the one before.',
        request: { body: jsonBody(releaseImport) },
        // Its text is escaped once more in this body.
        maxBodyBytes: 3 * MAX_ENVELOPE_BYTES,
        responses: { 201: json(release, 'The release') },
      }),
      async (c) => {
        const checked = await checkRelease(c.req.valid('json'), { keys, store }, clock.now());
        const by = requireUser(c).name;
        return commit(c, { db, clock }, 201, async (w, now) => {
          const id = await storeRelease(w, checked, by, now);
          const stored = await getRelease(w, id, now);
          if (!stored) throw unknown(id);
          const data = {
            id,
            channel: stored.channel,
            staged_percent: stored.staged_percent,
            expires_at: stored.expires_at,
          };
          await recordAudit(w, { ...actorOf(c), action: 'release.imported', target: stored.version, data }, now);
          return stored;
        });
      },
    )
    .openapi(
      route({
        method: 'patch',
        path: '/updates/{id}',
        access: 'admin of all',
        tags,
        summary: 'Give a release to fewer machines than its publisher did, or to as many again',
        request: { params: idParam, body: jsonBody(releasePatch) },
        responses: { 200: json(release, 'The release') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { staged_percent: percent } = c.req.valid('json');
        return commit(c, { db, clock }, 200, async (w, now) => {
          const before = await getRelease(w, id, now);
          if (!before) throw unknown(id);
          const { signed_percent: signed } = before;
          if (percent !== null && percent > signed)
            throw badField(
              'staged_percent',
              `may be at most ${signed}, which is signed: for more, its publisher signs it again`,
            );
          await w.run('UPDATE releases SET percent = ? WHERE id = ?', [percent, id]);
          const data = { id, channel: before.channel, from: before.staged_percent, to: percent ?? signed };
          await recordAudit(w, { ...actorOf(c), action: 'release.staged', target: before.version, data }, now);
          return { ...before, staged_percent: percent ?? signed };
        });
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/updates/{id}',
        access: 'admin of all',
        tags,
        summary: 'Withdraw a release: no machine is offered it any more. Those that have it keep it',
        request: { params: idParam },
        responses: { 200: json(z.object({ message: z.string() }), 'Withdrawn') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        return commit(c, { db, clock }, 200, async (w, now) => {
          const before = await getRelease(w, id, now);
          if (!before) throw unknown(id);
          const { changes } = await w.run(
            'UPDATE releases SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL',
            [now, id],
          );
          if (changes > 0) {
            const data = { id, channel: before.channel };
            await recordAudit(w, { ...actorOf(c), action: 'release.withdrawn', target: before.version, data }, now);
          }
          return { message: `${before.version} is withdrawn from ${before.channel}; machines that have it keep it` };
        });
      },
    );
}
