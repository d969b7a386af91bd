import { FRAME_OVERHEAD, MAX_BATCH_BLOBS, MAX_BATCHED_BLOB_BYTES } from '../../shared/protocol/blobs.ts';

/** Whether a blob of `size` bytes needs a request of its own. */
export function travelsAlone(size: number): boolean {
  return size > MAX_BATCHED_BLOB_BYTES;
}

/**
 * Groups blobs into requests: large ones alone and first, so that none of them is the last one under way; small ones together, up to
 * `batchBytes` or MAX_BATCH_BLOBS of them.
 */
export function inRequests<T extends { size: number }>(blobs: readonly T[], batchBytes: number): [T, ...T[]][] {
  const requests: [T, ...T[]][] = [];
  let room = 0;
  for (const blob of blobs.toSorted((a, b) => b.size - a.size)) {
    const current = requests.at(-1);
    const framed = blob.size + FRAME_OVERHEAD;
    if (current !== undefined && framed <= room && current.length < MAX_BATCH_BLOBS) {
      current.push(blob);
      room -= framed;
    } else {
      requests.push([blob]);
      room = travelsAlone(blob.size) ? 0 : batchBytes - framed;
    }
  }
  return requests;
}
