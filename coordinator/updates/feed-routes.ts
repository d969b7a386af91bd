/** The feed itself: what updaters of this fleet read, laid out as a folder of a web server. Works without the internet. */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { z } from 'zod';
import { feedFileParam } from '../../shared/protocol/rest/updates.ts';
import { envelopeName, STAGED_HEADER } from '../../shared/protocol/update.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import { serveFile } from '../artifacts/serve-file.ts';
import type { AppEnv } from '../http/env.ts';
import { notFound } from '../http/refusal.ts';
import { route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { fileOfRelease, offeredRelease, type StoredRelease } from './queries.ts';

/** A name means other bytes after the next import; whoever kept them asks whether they are still right. */
const ASK_AGAIN = 'private, no-cache';

export function feedRoutes({ db, store }: { db: Database; store: Pick<BlobStore, 'pathOf'> }) {
  return createRouter().openapi(
    route({
      method: 'get',
      path: '/updates/feed/{channel}/{name}',
      access: 'worker or viewer',
      tags: ['Updates'],
      summary: 'Read a file of the update feed',
      description: `The address of an updater is /api/v1/updates/feed/<channel>. Also HEAD; ranges and ETags are served. ${STAGED_HEADER} says how many of a hundred machines are to take it.`,
      request: { params: feedFileParam },
      responses: { 200: { content: { 'application/octet-stream': { schema: z.string() } }, description: 'The file' } },
    }),
    async (c) => {
      const { channel, name } = c.req.valid('param');
      const found = await db.read(async (r) => {
        const release = await offeredRelease(r, channel);
        if (!release) return null;
        return { release, file: name === envelopeName(channel) ? null : await fileOfRelease(r, release.id, name) };
      });
      if (found && name === envelopeName(channel)) return envelopeAnswer(c, found.release);
      if (!found?.file) throw notFound(`file ${name} in the feed ${channel}`);
      const { sha256, size } = found.file;
      return serveFile(c, {
        file: store.pathOf(sha256),
        size,
        etag: sha256,
        contentType: 'application/octet-stream',
        download: name,
        caching: ASK_AGAIN,
      });
    },
  );
}

function envelopeAnswer(c: Context<AppEnv>, { envelope, percent }: StoredRelease): Response {
  const etag = `"${createHash('sha256')
    .update(`${percent ?? ''}\n${envelope}`)
    .digest('hex')}"`;
  const headers = new Headers({ 'content-type': 'application/json', 'cache-control': ASK_AGAIN, etag });
  if (percent !== null) headers.set(STAGED_HEADER, String(percent));
  if (c.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers });
  return new Response(c.req.method === 'HEAD' ? null : envelope, { status: 200, headers });
}
