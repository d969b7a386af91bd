/**
 * Blobs: bytes named by their SHA-256, kept once. Under /api/v1/blobs:
 * - `PUT|GET|HEAD {sha256}`: one blob; a body that does not match the name is answered 422.
 * - `POST missing` {hashes} → {missing}: which of them the store lacks.
 * - `POST batch`: many small blobs in one body of frames → {refused}; every item is verified by itself.
 * - `POST read` {hashes} → a body of frames, in any order, with those that the store has.
 * Batches exist because a suite is thousands of small files, and a request for each costs more than its bytes.
 */
import { z } from 'zod';
import { sha256 } from './work.ts';

export const MAX_MISSING_HASHES = 10_000;
/** A blob larger than this travels alone. */
export const MAX_BATCHED_BLOB_BYTES = 256 * 1024;
/** Bounds of one body of frames. */
export const MAX_BATCH_BLOBS = 1000;
export const MAX_BATCH_BYTES = 8 * 1024 * 1024;

export const FRAMES_TYPE = 'application/vnd.playfleet.blobs';

export const missingRequest = z.strictObject({ hashes: z.array(sha256).max(MAX_MISSING_HASHES) });
export const missingAnswer = z.object({ missing: z.array(sha256) });
export const readRequest = z.strictObject({ hashes: z.array(sha256).min(1).max(MAX_BATCH_BLOBS) });
/** Items whose bytes did not match their name, or were too large; all others are stored when the answer arrives. */
export const batchAnswer = z.object({ refused: z.array(z.object({ sha256, reason: z.string() })) });

export interface Frame {
  sha256: string;
  bytes: Uint8Array;
}

const HASH_BYTES = 32;
const HEAD_BYTES = HASH_BYTES + 4;

/** How many bytes a frame adds to those of its blob. */
export const FRAME_OVERHEAD = HEAD_BYTES;

/** One frame: 32 bytes of SHA-256, the length as 4 bytes big-endian, then the bytes. Frames follow each other with nothing between. */
export function encodeFrame(frame: Frame): Uint8Array {
  const out = new Uint8Array(HEAD_BYTES + frame.bytes.length);
  for (let i = 0; i < HASH_BYTES; i++) out[i] = Number.parseInt(frame.sha256.slice(2 * i, 2 * i + 2), 16);
  new DataView(out.buffer).setUint32(HASH_BYTES, frame.bytes.length);
  out.set(frame.bytes, HEAD_BYTES);
  return out;
}

/** A body that is not a sequence of frames: too long a frame, or an end in the middle of one. */
export class FrameError extends Error {}

/** Cuts a stream of chunks into frames. The hashes are as claimed; whoever reads verifies them. Throws FrameError. */
export async function* decodeFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let wanted = HEAD_BYTES;
  let hash: string | null = null;
  for await (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.length;
    while (heldBytes >= wanted) {
      const joined = held.length === 1 ? held[0]! : concat(held, heldBytes);
      const part = joined.subarray(0, wanted);
      const rest = joined.subarray(wanted);
      held = [rest];
      heldBytes = rest.length;
      if (hash === null) {
        hash = hex(part.subarray(0, HASH_BYTES));
        wanted = new DataView(part.buffer, part.byteOffset).getUint32(HASH_BYTES);
        if (wanted > MAX_BATCHED_BLOB_BYTES) {
          throw new FrameError(`a blob of ${wanted} bytes in a batch; larger than ${MAX_BATCHED_BLOB_BYTES} go alone`);
        }
      } else {
        yield { sha256: hash, bytes: part };
        hash = null;
        wanted = HEAD_BYTES;
      }
    }
  }
  if (hash !== null || heldBytes > 0) throw new FrameError('the body ends in the middle of a blob');
}

function concat(parts: readonly Uint8Array[], total: number): Uint8Array {
  const out = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
