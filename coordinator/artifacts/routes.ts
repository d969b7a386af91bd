/** HTTP edge of blobs: /api/v1/blobs (see shared/protocol/blobs.ts). Bodies are streams here: they never pass through memory as a whole. */
import type { Context } from 'hono';
import { z } from 'zod';
import {
  batchAnswer,
  decodeFrames,
  encodeFrame,
  FrameError,
  type Frame,
  FRAMES_TYPE,
  MAX_BATCH_BYTES,
  MAX_BATCHED_BLOB_BYTES,
  missingAnswer,
  missingRequest,
  readRequest,
} from '../../shared/protocol/blobs.ts';
import { sha256 } from '../../shared/protocol/work.ts';
import type { AppEnv } from '../http/env.ts';
import { streamBytes, tooLarge } from '../http/body.ts';
import { requireAny } from '../http/principal.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import type { Teams } from '../http/scope.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { BlobMismatchError, BlobTooLargeError, type BlobStore } from './blob-store.ts';
import { readFile } from 'node:fs/promises';
import { serveFile } from './serve-file.ts';
import type { WorkerReach } from './worker-reach.ts';

const hashParam = z.object({ sha256 });
const tags: [string] = ['Blobs'];
/** One video or trace of a long test; more is refused rather than filling the disk by accident. */
const MAX_BLOB_BYTES = 2 * 1024 ** 3;
/** Frames of a batch add their heads to the bytes; the store verifies each blob by itself. */
const MAX_BATCH_BODY_BYTES = MAX_BATCH_BYTES * 2;
const OCTETS = 'application/octet-stream';
const bytes = { content: { [OCTETS]: { schema: z.string() } }, description: 'The bytes' };

export interface BlobRoutesDeps {
  store: BlobStore;
  db: Database;
  /** Limits what workers read. */
  reach: Pick<WorkerReach, 'reachable'>;
}

export function blobRoutes({ store, db, reach }: BlobRoutesDeps) {
  /** Of these hashes, in their order, those that the caller may read. */
  const readable = async (c: Context<AppEnv>, hashes: readonly string[]): Promise<readonly string[]> => {
    const caller = requireAny(c);
    if (caller.kind !== 'worker') return db.read((r) => seenBlobs(r, c.var.scope.reads, hashes));
    const reachable = await reach.reachable(caller.workerId, hashes);
    return hashes.filter((hash) => reachable.has(hash));
  };
  return createRouter()
    .openapi(
      route({
        method: 'put',
        path: '/blobs/{sha256}',
        access: 'worker or sync or runner',
        tags,
        summary: 'Store bytes under their SHA-256',
        description: 'Idempotent. 422 where the body does not match the name; 507 where the disk is full.',
        request: { params: hashParam },
        responses: { 201: json(z.object({ sha256: z.string(), size: z.int() }), 'Stored') },
      }),
      async (c) => {
        const { sha256: expected } = c.req.valid('param');
        const stored = await refusing(() =>
          store.add(streamBytes(c.env.incoming, MAX_BLOB_BYTES), {
            expected,
            maxBytes: MAX_BLOB_BYTES,
            owners: ownersOf(c) ?? [],
          }),
        );
        return c.json(stored, 201);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/blobs/{sha256}',
        access: 'worker or viewer',
        tags,
        summary: 'Read bytes by their SHA-256',
        description:
          'A worker reads those of its leased tasks. Also HEAD; ranges are served. Always as a download: these are foreign bytes.',
        request: { params: hashParam },
        responses: { 200: bytes },
      }),
      async (c) => {
        const { sha256: name } = c.req.valid('param');
        // Not told apart from one that is not there: nobody must learn what others have.
        const [seen] = await readable(c, [name]);
        const size = seen === undefined ? null : await store.sizeOf(name);
        if (size === null) throw notFound(`blob ${name}`);
        return serveFile(c, {
          file: store.pathOf(name),
          size,
          etag: name,
          contentType: OCTETS,
          download: name,
        });
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/blobs/missing',
        access: 'worker or sync or runner',
        tags,
        summary: 'Ask which blobs are to be uploaded',
        description:
          'What neither you (your team) have brought, nor may read, counts as missing, whoever else has brought it: bytes are kept once, but nobody learns that.',
        request: { body: jsonBody(missingRequest) },
        responses: { 200: json(missingAnswer, 'Those to upload') },
      }),
      async (c) => {
        const missing = await store.missing(c.req.valid('json').hashes, ownersOf(c));
        const seen = new Set(missing.length === 0 ? [] : await stored(store, await readable(c, missing)));
        return c.json({ missing: missing.filter((hash) => !seen.has(hash)) }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/blobs/batch',
        access: 'worker or sync or runner',
        tags,
        summary: 'Store many small blobs at once',
        description: `Body: frames (${FRAMES_TYPE}), each verified by itself.`,
        responses: { 200: json(batchAnswer, 'Which were refused; all others are stored') },
      }),
      async (c) => {
        requireType(c, FRAMES_TYPE);
        const frames = await framesIn(streamBytes(c.env.incoming, MAX_BATCH_BODY_BYTES));
        // Together, because each is synced to the disk before it counts.
        const refused = (await Promise.all(frames.map((frame) => addFrame(store, frame, ownersOf(c) ?? [])))).filter(
          (item) => item !== null,
        );
        return c.json({ refused }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/blobs/read',
        access: 'worker or viewer',
        tags,
        summary: 'Read many small blobs at once',
        description: `Answers frames (${FRAMES_TYPE}) with those that the store has and that are small enough for a batch.`,
        request: { body: jsonBody(readRequest) },
        responses: { 200: bytes },
      }),
      async (c) => {
        const frames = streamOf(framesOf(store, await readable(c, c.req.valid('json').hashes)));
        return c.body(frames, 200, { 'content-type': FRAMES_TYPE });
      },
    );
}

/** As ReadableStream.from, which the types of browsers do not know: tests of the dashboard are checked with those. */
function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}

/** As whom the caller brings bytes; null: for the whole installation, which sees all anyway. */
function ownersOf(c: Context<AppEnv>): readonly string[] | null {
  const caller = requireAny(c);
  if (caller.kind === 'worker') return [`worker:${caller.workerId}`];
  return c.var.scope.acts && c.var.scope.acts.map((team) => `team:${team}`);
}

/** Of these, those that are there. */
async function stored(store: BlobStore, hashes: readonly string[]): Promise<string[]> {
  const missing = new Set(await store.missing(hashes));
  return hashes.filter((hash) => !missing.has(hash));
}

/** Of these, in their order, those that a caller may read by hash: all; or, of some teams only, what tests of these have attached. */
async function seenBlobs(r: ReadHandle, teams: Teams, hashes: readonly string[]): Promise<readonly string[]> {
  if (teams === null) return hashes;
  const rows = await r.all<{ sha256: string }>(
    `SELECT DISTINCT a.sha256 FROM artifacts a JOIN runs r ON r.id = a.run_id JOIN projects p ON p.id = r.project_id
     WHERE a.sha256 IN (SELECT value FROM json_each(?)) AND p.team_id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(hashes), JSON.stringify(teams)],
  );
  const seen = new Set(rows.map((row) => row.sha256));
  return hashes.filter((hash) => seen.has(hash));
}

async function framesIn(body: AsyncIterable<Uint8Array>): Promise<Frame[]> {
  const frames: Frame[] = [];
  try {
    for await (const frame of decodeFrames(body)) frames.push(frame);
    return frames;
  } catch (error) {
    if (error instanceof FrameError)
      throw new Refusal(422, 'bad_frames', `The body is not a sequence of frames: ${error.message}.`);
    throw error;
  }
}

/** null where it is stored, else why not. */
async function addFrame(
  store: BlobStore,
  { sha256: expected, bytes: content }: Frame,
  owners: readonly string[],
): Promise<{ sha256: string; reason: string } | null> {
  try {
    await store.add(once(content), { expected, maxBytes: MAX_BATCHED_BLOB_BYTES, owners });
    return null;
  } catch (error) {
    if (error instanceof BlobMismatchError) return { sha256: expected, reason: error.message };
    throw error;
  }
}

async function* framesOf(store: BlobStore, hashes: readonly string[]): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for (const name of hashes) {
    const size = await store.sizeOf(name);
    if (size === null || size > MAX_BATCHED_BLOB_BYTES || sent + size > MAX_BATCH_BYTES) continue;
    sent += size;
    yield encodeFrame({ sha256: name, bytes: await readFile(store.pathOf(name)) });
  }
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

function requireType(c: Context<AppEnv>, type: string): void {
  if (c.req.header('content-type')?.split(';')[0]?.trim() !== type) {
    throw new Refusal(415, 'unsupported_media_type', `Send content-type: ${type}.`);
  }
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BlobMismatchError) throw new Refusal(422, 'hash_mismatch', `${error.message}.`);
    if (error instanceof BlobTooLargeError) throw tooLarge(MAX_BLOB_BYTES);
    throw error;
  }
}
