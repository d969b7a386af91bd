/** The packages of an updater on the disk: what is loaded, and the one of the version that works, which a newer one may be replaced by again. */
import { copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isWhole } from './download.ts';
import { sha512Of } from './hash.ts';
import type { KeptPackage } from './state-file.ts';

export class Shelf {
  readonly #folder: string;

  /** Absolute. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where packages are loaded to. */
  get loaded(): string {
    return path.join(this.#folder, 'loaded');
  }

  fileOf(kind: 'loaded' | 'kept', { name }: KeptPackage): string {
    return path.join(this.#folder, kind, path.basename(name));
  }

  /** The file, where its bytes are what they were; null: it is gone or was changed. */
  async wholeFile(kind: 'loaded' | 'kept', wanted: KeptPackage): Promise<string | null> {
    const file = this.fileOf(kind, wanted);
    return (await isWhole(file, wanted)) ? file : null;
  }

  /** Copies a package to where versions that work are kept; null where it is not what it should be. */
  async keep(file: string, { version, name, size, sha512 }: KeptPackage): Promise<KeptPackage | null> {
    const kept = { version, name, size, sha512 };
    if (!(await isWhole(file, kept))) return null;
    const to = this.fileOf('kept', kept);
    await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
    await copyFile(file, to);
    return kept;
  }

  /** The same for a package that the system keeps. */
  async keepOwn(file: string, version: string): Promise<KeptPackage | null> {
    const { size } = await stat(file);
    return this.keep(file, { version, name: path.basename(file), size, sha512: await sha512Of(file) });
  }

  /** Nothing but the kept package is still needed. */
  async tidy(kept: KeptPackage | null): Promise<void> {
    for (const kind of ['loaded', 'kept'] as const) {
      const names = await readdir(path.join(this.#folder, kind)).catch(() => []);
      for (const name of names)
        if (kind === 'loaded' || name !== kept?.name)
          await rm(path.join(this.#folder, kind, name), { recursive: true, force: true });
    }
  }
}
