import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** SHA-256 as 64 lower-case hex digits. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const CHUNK_BYTES = 256 * 1024;

/**
 * SHA-256 and length of a file's bytes as they were read, without holding them in memory. By hand rather than through a stream, which
 * costs four times as much for the small files that suites are made of.
 */
export async function hashFile(file: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  await using handle = await open(file);
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, (await handle.stat()).size + 1));
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), size };
    hash.update(buffer.subarray(0, bytesRead));
    size += bytesRead;
  }
}
