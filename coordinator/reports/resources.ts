/** The files that a folded blob's events refer to, named by their content so that equal ones are kept once. */
import { createHash, randomUUID, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

export interface Resources {
  /** Writes the bytes; resolves to the path that events use. Nothing is left behind where `bytes` throws. */
  add(bytes: AsyncIterable<Buffer>, extension: string): Promise<string>;
  /** The same for a file that exists already, by hard link where the file system can. */
  addFile(file: string, extension: string): Promise<string>;
}

/**
 * Playwright's HTML reporter copies each file to `data/<sha1 of its content><its extension>`. Using the same names here lets
 * report.json and report.xml point at those copies afterwards (relink.ts).
 */
export async function createResources(folder: string): Promise<Resources> {
  await mkdir(folder, { recursive: true });
  const named = (sha1: string, extension: string): string => `${sha1}.${safeExtension(extension)}`;
  return {
    async add(bytes, extension) {
      const draft = path.join(folder, `${randomUUID()}.draft`);
      const hash = createHash('sha1');
      try {
        const handle = await open(draft, 'wx');
        try {
          await handle.writeFile(hashing(bytes, hash));
        } finally {
          await handle.close();
        }
        const name = named(hash.digest('hex'), extension);
        await rename(draft, path.join(folder, name));
        return `resources/${name}`;
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    async addFile(file, extension) {
      const hash = createHash('sha1');
      for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
      const name = named(hash.digest('hex'), extension);
      const target = path.join(folder, name);
      await link(file, target).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') await copyFile(file, target);
      });
      return `resources/${name}`;
    },
  };
}

async function* hashing(bytes: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

const safeExtension = (extension: string): string =>
  /^[a-z0-9]{1,10}$/i.test(extension) ? extension.toLowerCase() : 'dat';
