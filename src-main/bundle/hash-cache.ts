/** Remembers the hashes of files that have not changed, so that packing a large tree again does not read it again. */
import type { BigIntStats } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { sha256Of } from '../transfer/sha256.ts';

/** path → [what the file looked like, its hash]. */
const stored = z.object({ version: z.literal(1), files: z.record(z.string(), z.tuple([z.string(), z.string()])) });

export interface HashCache {
  get(file: string, stat: BigIntStats): string | undefined;
  set(file: string, stat: BigIntStats, sha256: string): void;
  /** Writes what was asked for or set since opening; files that are gone are forgotten. */
  save(): Promise<void>;
}

/** A file written again within one tick of the file system's clock looks unchanged: what is younger than this is hashed each time. */
const YOUNG_MS = 2000;

/** Opens the cache of one root in `folder`. `now` is the wall-clock time in milliseconds. A cache that cannot be read starts empty. */
export async function openHashCache(folder: string, root: string, now: number): Promise<HashCache> {
  const file = path.join(folder, `${sha256Of(root).slice(0, 32)}.json`);
  const known = await load(file);
  const next: Record<string, [string, string]> = {};
  let changed = false;
  return {
    get(name, stat) {
      const entry = known[name];
      if (entry?.[0] !== looks(stat)) return undefined;
      next[name] = entry;
      return entry[1];
    },
    set(name, stat, sha256) {
      if (Number(stat.ctimeMs) > now - YOUNG_MS || Number(stat.mtimeMs) > now - YOUNG_MS) return;
      next[name] = [looks(stat), sha256];
      changed = true;
    },
    async save() {
      if (!changed) return;
      await mkdir(folder, { recursive: true });
      const part = `${file}.${process.pid}.part`;
      await writeFile(part, JSON.stringify({ version: 1, files: next }));
      await rename(part, file);
    },
  };
}

/** Size, both times to the nanosecond, inode: the change time cannot be set back, so a preserved modification time does not deceive. */
function looks(stat: BigIntStats): string {
  return `${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`;
}

async function load(file: string): Promise<Record<string, [string, string]>> {
  try {
    const parsed = stored.safeParse(JSON.parse(await readFile(file, 'utf8')));
    return parsed.success ? parsed.data.files : {};
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
