/** Uploads what the store lacks: small blobs in batches, large ones alone, several requests at a time. */
import type { Frame } from '../../shared/protocol/blobs.ts';
import { BlobChanged, type BlobClient, type BlobSource } from './blob-client.ts';
import { inRequests, travelsAlone } from './in-requests.ts';
import { mapLimit } from './map-limit.ts';
import { sha256Of } from './sha256.ts';

export interface UploadProgress {
  /** Of those that the store lacked. */
  blobs: number;
  totalBlobs: number;
  bytes: number;
  totalBytes: number;
}

export interface UploadOptions {
  onProgress?: (progress: UploadProgress) => void;
  signal?: AbortSignal;
}

export interface Uploaded {
  /** Blobs and bytes that had to travel. */
  blobs: number;
  bytes: number;
  /** Hashes whose sources have changed since they were hashed: not stored. */
  changed: string[];
}

const CONCURRENT_REQUESTS = 8;
/** Well below the store's bound: on a slow line, a broken request should not cost minutes. */
const BATCH_BYTES = 2 * 1024 * 1024;

export async function uploadBlobs(
  client: BlobClient,
  blobs: readonly BlobSource[],
  options: UploadOptions = {},
): Promise<Uploaded> {
  const byHash = new Map(blobs.map((blob) => [blob.sha256, blob]));
  const missing = await client.missing([...byHash.keys()], options.signal);
  const wanted = [...byHash.values()].filter((blob) => missing.has(blob.sha256));
  const progress = { blobs: 0, totalBlobs: wanted.length, bytes: 0, totalBytes: sum(wanted) };
  const changed: string[] = [];
  const report = (sent: readonly { sha256: string; size: number }[]): void => {
    progress.blobs += sent.length;
    progress.bytes += sum(sent);
    options.onProgress?.({ ...progress });
  };
  await mapLimit(inRequests(wanted, BATCH_BYTES), CONCURRENT_REQUESTS, async (request) => {
    if (travelsAlone(request[0].size)) {
      if (await putAlone(client, request[0], options.signal)) report(request);
      else changed.push(request[0].sha256);
      return;
    }
    const frames: Frame[] = [];
    for (const blob of request) {
      const bytes = await readWhole(blob);
      if (bytes && sha256Of(bytes) === blob.sha256) frames.push({ sha256: blob.sha256, bytes });
      else changed.push(blob.sha256);
    }
    if (frames.length > 0) await client.putBatch(frames, options.signal);
    report(frames.map(({ sha256, bytes }) => ({ sha256, size: bytes.length })));
  });
  return { blobs: progress.blobs, bytes: progress.bytes, changed };
}

async function putAlone(client: BlobClient, blob: BlobSource, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await client.put(blob, signal);
    return true;
  } catch (error) {
    if (error instanceof BlobChanged) return false;
    throw error;
  }
}

/** null when the source has grown beyond its size. */
async function readWhole(blob: BlobSource): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of blob.open()) {
    parts.push(part);
    size += part.length;
    if (size > blob.size) return null;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function sum(blobs: readonly { size: number }[]): number {
  return blobs.reduce((total, blob) => total + blob.size, 0);
}
