/** Takes copies of files that are to be uploaded, named by their SHA-256: the copy is what is hashed, so what is promised is what there is. */
import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { sha256Of } from '../../transfer/sha256.ts';

export interface Stashed {
  sha256: string;
  /** Bytes. */
  size: number;
}

export class Stash {
  readonly folder: string;
  readonly #open: (file: string) => Promise<FileHandle>;

  /** `openFile`: how files of others are opened for reading. */
  constructor(folder: string, openFile: (file: string) => Promise<FileHandle> = (file) => open(file)) {
    this.folder = folder;
    this.#open = openFile;
  }

  fileOf(sha256: string): string {
    return path.join(this.folder, sha256);
  }

  /** What is waiting, from before a restart too. Half-made copies are removed. */
  async list(): Promise<Stashed[]> {
    const found: Stashed[] = [];
    for (const name of await readdir(this.folder)) {
      if (/^[0-9a-f]{64}$/.test(name)) found.push({ sha256: name, size: (await stat(this.fileOf(name))).size });
      else await rm(path.join(this.folder, name), { force: true });
    }
    return found;
  }

  /** Resolves with null where the file has more than `maxBytes`; rejects with what the file system says. */
  async keepFile(file: string, maxBytes: number): Promise<Stashed | null> {
    await using from = await this.#open(file);
    const info = await from.stat();
    if (info.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    if (info.size > maxBytes) return null;
    return await this.#keep(async (part) => {
      const hash = createHash('sha256');
      let copied = 0;
      await using out = await open(part, 'wx', 0o600);
      for await (const chunk of from.createReadStream({
        highWaterMark: 256 * 1024,
        autoClose: false,
      }) as AsyncIterable<Buffer>) {
        copied += chunk.length;
        if (copied > maxBytes) return null;
        hash.update(chunk);
        await out.writeFile(chunk);
      }
      return { sha256: hash.digest('hex'), size: copied };
    });
  }

  async keepBytes(bytes: Buffer): Promise<Stashed> {
    const stashed = { sha256: sha256Of(bytes), size: bytes.length };
    await this.#keep(async (part) => {
      await writeFile(part, bytes, { flag: 'wx', mode: 0o600 });
      return stashed;
    });
    return stashed;
  }

  async remove(sha256: string): Promise<void> {
    await rm(this.fileOf(sha256), { force: true });
  }

  async #keep(write: (part: string) => Promise<Stashed | null>): Promise<Stashed | null> {
    const part = path.join(this.folder, `${randomUUID()}.part`);
    try {
      const stashed = await write(part);
      if (stashed) await rename(part, this.fileOf(stashed.sha256));
      return stashed;
    } finally {
      // Where it was renamed there is nothing left.
      await rm(part, { force: true });
    }
  }
}
