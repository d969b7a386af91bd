/** Writing and reading files so that they are whole or not there. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, constants, link, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Bytes and SHA-256 of a stream, while it flows through. */
export class Tally {
  readonly #hash = createHash('sha256');
  #digest: string | undefined;
  bytes = 0;

  async *over(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      this.#hash.update(chunk);
      this.bytes += chunk.length;
      yield chunk;
    }
  }

  /** Of all that has flowed; nothing may flow afterwards. */
  get sha256(): string {
    this.#digest ??= this.#hash.digest('hex');
    return this.#digest;
  }
}

export async function tallyOf(content: AsyncIterable<Uint8Array>): Promise<{ bytes: number; sha256: string }> {
  const tally = new Tally();
  for await (const chunk of tally.over(content)) void chunk;
  return { bytes: tally.bytes, sha256: tally.sha256 };
}

export const bytesOf = (file: string): AsyncIterable<Uint8Array> => createReadStream(file, { highWaterMark: 1 << 18 });

/** Writes a new file and syncs it. */
export async function writeNew(file: string, content: AsyncIterable<Uint8Array> | string): Promise<void> {
  const chunks = typeof content === 'string' ? [Buffer.from(content)] : content;
  await pipeline(chunks, createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }));
}

/** Codes of systems and disks that have no second names for a file, or not for this one. */
const NO_LINKS = ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'];

/** A second name for the same bytes, or where the disk has no such thing a copy, made under the name `temp`. `to` must not be there. */
export async function linkOrCopy(from: string, to: string, temp: string): Promise<'linked' | 'copied'> {
  try {
    await link(from, to);
    return 'linked';
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  await copySynced(from, temp);
  await rename(temp, to);
  return 'copied';
}

async function copySynced(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const handle = await open(to, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** null: there is none. */
export async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Makes the names in a folder durable. Windows has no such thing. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Renames into place, durably. */
export async function publish(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(path.dirname(to));
}

export const remove = (place: string): Promise<void> => rm(place, { recursive: true, force: true });
