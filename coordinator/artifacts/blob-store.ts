/**
 * Bytes by their SHA-256, each once: `<dir>/<first 2 hex>/<sha256>`. A blob is written to a temporary file, verified, synced and renamed
 * into place, and only then has its row in the database: what is listed is whole.
 */
import { createHash } from 'node:crypto';
import { createReadStream, rmSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../shared/base/clock.ts';
import { newId } from '../../shared/base/id.ts';
import { StorageFullError, type Database, type ReadHandle, type WriteHandle } from '../storage/database.ts';
import { failpoint } from '../storage/failpoint.ts';

export interface StoredBlob {
  sha256: string;
  size: number;
}

/** The bytes are not what their name says. */
export class BlobMismatchError extends Error {
  override readonly name = 'BlobMismatchError';
}

/** More bytes came than allowed. */
export class BlobTooLargeError extends Error {
  override readonly name = 'BlobTooLargeError';
}

export class BlobStore {
  readonly dir: string;
  readonly #tmp: string;
  readonly #db: Database;
  readonly #clock: Clock;
  /** Bytes that are being put in place and have no row yet. */
  readonly #entering = new Set<Promise<unknown>>();
  #removing: Promise<unknown> | null = null;

  /** Removes what uploads left unfinished when the process before ended. */
  static async open(dir: string, db: Database, clock: Clock): Promise<BlobStore> {
    const tmp = path.join(dir, 'tmp');
    await mkdir(tmp, { recursive: true, mode: 0o700 });
    for (const name of await readdir(tmp)) await rm(path.join(tmp, name), { force: true });
    return new BlobStore(dir, tmp, db, clock);
  }

  private constructor(dir: string, tmp: string, db: Database, clock: Clock) {
    this.dir = dir;
    this.#tmp = tmp;
    this.#db = db;
    this.#clock = clock;
  }

  /** Absolute path of a blob's bytes, whether they are there or not. */
  pathOf(sha256: string): string {
    return path.join(this.dir, sha256.slice(0, 2), sha256);
  }

  /** Absolute path, or null where the bytes are not there. */
  async fileOf(sha256: string): Promise<string | null> {
    const file = this.pathOf(sha256);
    return (await sizeOf(file)) === null ? null : file;
  }

  /**
   * Stores what `chunks` yields. `expected` is the name it must have; without it the name is found out. `owners` have brought it: they may know
   * that it is here. Throws BlobMismatchError,
   * BlobTooLargeError, StorageFullError, or what `chunks` throws; nothing is left behind then.
   */
  async add(
    chunks: AsyncIterable<Uint8Array>,
    limits: { expected?: string; maxBytes: number; owners?: readonly string[] },
  ): Promise<StoredBlob> {
    const temp = path.join(this.#tmp, newId(this.#clock.now()));
    try {
      const written = await writeVerified(temp, chunks, limits);
      await this.#enter(async () => {
        await this.#publish(temp, written);
        failpoint('before-blob-row');
        await this.#register(written, limits.owners ?? []);
      });
      return written;
    } catch (error) {
      await rm(temp, { force: true });
      throw asStorageFull(error);
    }
  }

  async addBytes(bytes: Uint8Array): Promise<StoredBlob> {
    return this.add(one(bytes), { maxBytes: bytes.length });
  }

  /** Copies a file into the store. */
  async addFile(file: string): Promise<StoredBlob> {
    return this.add(createReadStream(file), { maxBytes: Number.MAX_SAFE_INTEGER });
  }

  /** Those of `hashes` whose bytes are not there, in their order. `owners`: what none of them has brought counts as not there; null: all counts. */
  async missing(hashes: readonly string[], owners: readonly string[] | null = null): Promise<string[]> {
    const known = await this.#db.read((r) => (owners === null ? knownBlobs(r, hashes) : ownedBlobs(r, hashes, owners)));
    return hashes.filter((hash) => !known.has(hash));
  }

  async sizeOf(sha256: string): Promise<number | null> {
    return sizeOf(this.pathOf(sha256));
  }

  /**
   * Removes what `choose` names, in one transaction with what else it changes. It counts as missing from then on: whoever brings it again stores
   * it anew. Bytes go before their rows are gone for good: where this is broken off in between, the same is to be done again.
   */
  async remove(choose: (w: WriteHandle) => Promise<readonly string[]>): Promise<void> {
    while (this.#removing) await this.#removing;
    const removing = this.#removeAlone(choose).finally(() => (this.#removing = null));
    this.#removing = removing.catch(() => undefined);
    await removing;
  }

  async #removeAlone(choose: (w: WriteHandle) => Promise<readonly string[]>): Promise<void> {
    await Promise.allSettled(this.#entering);
    await this.#db.write(async (w) => {
      const chosen = await choose(w);
      await w.run('DELETE FROM blobs WHERE sha256 IN (SELECT value FROM json_each(?))', [JSON.stringify(chosen)]);
      for (const sha256 of chosen) rmSync(this.pathOf(sha256), { force: true });
    });
  }

  /** Never while bytes are removed: the same ones could be entering. */
  async #enter(work: () => Promise<void>): Promise<void> {
    while (this.#removing) await this.#removing;
    const entering = work();
    this.#entering.add(entering);
    try {
      await entering;
    } finally {
      this.#entering.delete(entering);
    }
  }

  async #publish(temp: string, { sha256 }: StoredBlob): Promise<void> {
    const file = this.pathOf(sha256);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    // Equal bytes may be there already, or arrive twice at once: replacing them by themselves does no harm.
    await rename(temp, file);
    await syncFolder(path.dirname(file));
  }

  async #register({ sha256, size }: StoredBlob, owners: readonly string[]): Promise<void> {
    const now = this.#clock.now();
    await this.#db.write(async (w) => {
      await w.run('INSERT INTO blobs (sha256, size, created_at) VALUES (?, ?, ?) ON CONFLICT (sha256) DO NOTHING', [
        sha256,
        size,
        now,
      ]);
      for (const owner of owners)
        await w.run('INSERT INTO blob_owners (sha256, owner) VALUES (?, ?) ON CONFLICT DO NOTHING', [sha256, owner]);
    });
  }
}

async function ownedBlobs(r: ReadHandle, hashes: readonly string[], owners: readonly string[]): Promise<Set<string>> {
  const rows = await r.all<{ sha256: string }>(
    `SELECT DISTINCT sha256 FROM blob_owners WHERE sha256 IN (SELECT value FROM json_each(?))
     AND owner IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(hashes), JSON.stringify(owners)],
  );
  return new Set(rows.map((row) => row.sha256));
}

async function knownBlobs(r: ReadHandle, hashes: readonly string[]): Promise<Set<string>> {
  const rows = await r.all<{ sha256: string }>(
    'SELECT sha256 FROM blobs WHERE sha256 IN (SELECT value FROM json_each(?))',
    [JSON.stringify(hashes)],
  );
  return new Set(rows.map((row) => row.sha256));
}

async function writeVerified(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  { expected, maxBytes }: { expected?: string; maxBytes: number },
): Promise<StoredBlob> {
  const handle = await open(file, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > maxBytes) throw new BlobTooLargeError(`more than ${maxBytes} bytes`);
      hash.update(chunk);
      await writeAll(handle, chunk);
    }
    const sha256 = hash.digest('hex');
    if (expected !== undefined && sha256 !== expected) {
      throw new BlobMismatchError(
        `the body's SHA-256 is ${sha256}, its name says ${expected}: it was damaged on the way; send it again`,
      );
    }
    await handle.datasync();
    return { sha256, size };
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders; there NTFS journals the rename itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function asStorageFull(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EIO') return error;
  return new StorageFullError(
    'The coordinator cannot store the file: its disk is full or answers with errors. Free space there; uploads are tried again.',
    {
      cause: error,
    },
  );
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
