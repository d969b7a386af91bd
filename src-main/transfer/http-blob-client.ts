/** The blob store over HTTP (see shared/protocol/blobs.ts for the calls). */
import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { Clock } from '../../shared/base/clock.ts';
import {
  batchAnswer,
  decodeFrames,
  encodeFrame,
  FRAME_OVERHEAD,
  FrameError,
  FRAMES_TYPE,
  MAX_MISSING_HASHES,
  missingAnswer,
  type Frame,
} from '../../shared/protocol/blobs.ts';
import { BlobChanged, TransferError, type BlobClient, type BlobRef, type BlobSource } from './blob-client.ts';
import { createRequester, type RequestBody } from './http-request.ts';
import { TryAgain, type RetryPolicy } from './retry.ts';
import { sha256Of } from './sha256.ts';

export interface HttpBlobClientOptions {
  /** Of the coordinator, such as `http://127.0.0.1:4300`; `/api/v1/blobs` is added. */
  baseUrl: string;
  /** Headers that prove who calls, asked for at each request so that a rotated key is taken up. */
  headers: () => Record<string, string>;
  /** Of the coordinator's own certificate; null: the authorities of this system decide. */
  pin: string | null;
  clock: Clock;
  retry?: RetryPolicy;
  /** A transfer without a byte moving for this long is broken off and tried again, in milliseconds. */
  stallMs?: number;
}

export function createHttpBlobClient(options: HttpBlobClientOptions): BlobClient {
  const request = createRequester({ ...options, baseUrl: `${options.baseUrl.replace(/\/+$/, '')}/api/v1/blobs` });
  return {
    async missing(hashes, signal) {
      const missing = new Set<string>();
      for (let at = 0; at < hashes.length; at += MAX_MISSING_HASHES) {
        const body = jsonBody({ hashes: hashes.slice(at, at + MAX_MISSING_HASHES) });
        const answer = await request('POST', '/missing', body, signal, (response) => response.parse(missingAnswer));
        for (const hash of answer.missing) missing.add(hash);
      }
      return missing;
    },

    put: (blob, signal) =>
      request(
        'PUT',
        `/${blob.sha256}`,
        { type: 'application/octet-stream', size: blob.size, open: () => verified(blob) },
        signal,
        (response) => response.drain(),
      ),

    async putBatch(blobs, signal) {
      const size = blobs.reduce((sum, blob) => sum + FRAME_OVERHEAD + blob.bytes.length, 0);
      const open = async function* (): AsyncGenerator<Uint8Array> {
        for (const blob of blobs) yield encodeFrame(blob);
      };
      await request('POST', '/batch', { type: FRAMES_TYPE, size, open }, signal, async (response) => {
        const { refused } = await response.parse(batchAnswer);
        const first = refused[0];
        // They matched when they were read, so they were damaged on the way.
        if (first) throw new TryAgain(`${refused.length} files arrived damaged: ${first.reason}`, { status: 422 });
      });
    },

    download: (blob, file, signal) =>
      request('GET', `/${blob.sha256}`, null, signal, (response) => writeVerified(response.chunks(), blob, file)),

    read: (sha256, maxBytes, signal) =>
      request('GET', `/${sha256}`, null, signal, async (response) => {
        const parts: Uint8Array[] = [];
        let size = 0;
        for await (const chunk of response.chunks()) {
          parts.push(chunk);
          size += chunk.length;
          if (size > maxBytes) throw new TransferError(`${sha256} is larger than ${maxBytes} bytes`, null);
        }
        const bytes = Buffer.concat(parts);
        if (sha256Of(bytes) !== sha256) throw new TryAgain(`${sha256} arrived damaged`);
        return bytes;
      }),

    async readBatch(blobs, accept, signal) {
      const wanted = new Set(blobs.map((blob) => blob.sha256));
      // A second try asks only for what has not arrived yet.
      const body = (): RequestBody => jsonBody({ hashes: [...wanted] });
      await request('POST', '/read', body, signal, async (response) => {
        await takeFrames(response.chunks(), wanted, accept);
        if (wanted.size > 0) throw lacking([...wanted]);
      });
    },
  };
}

/** A source's bytes; the last chunk is held back until the whole is known to be right, so a changed file never arrives whole. */
async function* verified(blob: BlobSource): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  let held: Uint8Array | null = null;
  for await (const chunk of blob.open()) {
    hash.update(chunk);
    size += chunk.length;
    if (size > blob.size) throw new BlobChanged(blob.sha256);
    if (held) yield held;
    held = chunk;
  }
  if (size !== blob.size || hash.digest('hex') !== blob.sha256) throw new BlobChanged(blob.sha256);
  if (held) yield held;
}

async function writeVerified(chunks: AsyncIterable<Uint8Array>, blob: BlobRef, file: string): Promise<void> {
  const part = `${file}.${randomUUID()}.part`;
  const hash = createHash('sha256');
  let size = 0;
  try {
    {
      await using out = await open(part, 'wx');
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
        if (size > blob.size) break;
        await out.writeFile(chunk);
      }
    }
    if (size !== blob.size || hash.digest('hex') !== blob.sha256) {
      throw new TryAgain(`${blob.sha256} arrived damaged (${size} of ${blob.size} bytes)`);
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function takeFrames(
  chunks: AsyncIterable<Uint8Array>,
  wanted: Set<string>,
  accept: (blob: Frame) => Promise<void>,
): Promise<void> {
  try {
    for await (const frame of decodeFrames(chunks)) {
      if (!wanted.has(frame.sha256)) continue;
      if (sha256Of(frame.bytes) !== frame.sha256) throw new TryAgain(`${frame.sha256} arrived damaged`);
      await accept(frame);
      wanted.delete(frame.sha256);
    }
  } catch (error) {
    if (error instanceof FrameError) throw new TryAgain(`the answer was cut off: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The store answered, and does not have them: trying again cannot help. */
function lacking(hashes: string[]): TransferError {
  return new TransferError(
    `the coordinator no longer has ${hashes.length} of the files (${hashes[0]}…): start the run again so that they are uploaded`,
    404,
  );
}

function jsonBody(value: unknown): RequestBody {
  const bytes = Buffer.from(JSON.stringify(value));
  const open = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
  };
  return { type: 'application/json', size: bytes.length, open };
}
