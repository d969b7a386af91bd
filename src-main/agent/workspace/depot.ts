/**
 * Folders by key, each made once and shared by all who use it at the same time; the least recently used go when there are too many.
 *
 * Beside the folder `<key>` lies `<key>.json`, written last: a folder without it is half-made (we were killed) and is made anew. The
 * folder is filled at its final place because installers and Playwright's transform cache write that path down.
 * One process owns a depot.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import type { Clock } from '../../../shared/base/clock.ts';

export interface DepotOptions<Meta extends { bytes: number }> {
  folder: string;
  clock: Clock;
  /** What may be kept besides entries in use. `bytes` sums what the entries say of themselves. */
  limits: DepotLimits;
  meta: z.ZodType<Meta>;
  /** Puts an entry that nobody uses in order before it is used again; false has it made anew. */
  revive?: (dir: string, meta: Meta) => Promise<boolean>;
  /** Removes an entry's folder, where the agent itself should not walk through it. */
  removeFolder?: (dir: string) => Promise<void>;
}

export interface DepotLimits {
  entries: number;
  bytes: number;
}

export type Make<Meta> = (dir: string, signal: AbortSignal) => Promise<Meta>;

export interface Held<Meta> {
  dir: string;
  meta: Meta;
  /** The same for all who use the entry without a pause between them, in which it would be put in order or removed. */
  use: object;
  /** One more user; returns its release. */
  hold: () => () => void;
  /** To be called once it is no longer used; further calls do nothing. */
  release: () => void;
}

export interface Depot<Meta> {
  /**
   * Resolves when the entry is ready; `make` fills the empty folder `dir`. Calls for one key at the same time share one making. A call's
   * `signal` ends only its own waiting; when the last one has gone, the making is aborted too.
   */
  use(key: string, make: Make<Meta>, signal?: AbortSignal): Promise<Held<Meta>>;
  /** All finished entries, the most recently used first. */
  list(): Promise<{ key: string; dir: string; meta: Meta }[]>;
}

interface Entry<Meta> {
  users: number;
  settled: boolean;
  ready: Promise<Meta>;
  stop: AbortController;
}

export async function openDepot<Meta extends { bytes: number }>(options: DepotOptions<Meta>): Promise<Depot<Meta>> {
  const { folder, clock, limits } = options;
  const inUse = new Map<string, Entry<Meta>>();
  const leaving = new Map<string, Promise<void>>();
  let sweeping: Promise<void> = Promise.resolve();
  const dirOf = (key: string): string => path.join(folder, key);
  const markerOf = (key: string): string => path.join(folder, `${key}.json`);
  const removeFolder =
    options.removeFolder ?? ((dir: string) => rm(dir, { recursive: true, force: true, maxRetries: 3 }));
  await mkdir(folder, { recursive: true });
  await removeLeftovers();

  function begin(key: string, make: Make<Meta>): Entry<Meta> {
    const stop = new AbortController();
    const ready = prepare(key, make, stop.signal);
    const entry: Entry<Meta> = { users: 0, settled: false, ready, stop };
    inUse.set(key, entry);
    const settle = (kept: boolean): void => {
      entry.settled = true;
      if (!kept) inUse.delete(key);
    };
    ready.then(
      () => settle(true),
      () => settle(false),
    );
    return entry;
  }

  async function prepare(key: string, make: Make<Meta>, signal: AbortSignal): Promise<Meta> {
    await leaving.get(key);
    const marker = await readMarker(markerOf(key), options.meta);
    if (marker !== null && ((await options.revive?.(dirOf(key), marker.meta)) ?? true)) {
      const seconds = clock.now() / 1000;
      await utimes(markerOf(key), seconds, seconds);
      return marker.meta;
    }
    await remove(key);
    await sweep();
    await mkdir(dirOf(key));
    try {
      const made = await make(dirOf(key), signal);
      signal.throwIfAborted();
      await writeMarker(key, made);
      return made;
    } catch (error) {
      await remove(key);
      throw error;
    }
  }

  async function writeMarker(key: string, meta: Meta): Promise<void> {
    const part = path.join(folder, `.${randomUUID()}`);
    await writeFile(part, JSON.stringify(meta));
    const seconds = clock.now() / 1000;
    await utimes(part, seconds, seconds);
    await rename(part, markerOf(key));
  }

  /** The marker first: without it the folder counts for nothing, whatever happens next. */
  async function remove(key: string): Promise<void> {
    await rm(markerOf(key), { force: true });
    await removeFolder(dirOf(key));
  }

  async function list(): Promise<{ key: string; dir: string; usedAt: number; meta: Meta }[]> {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    const found = await Promise.all(
      names.map(async (name) => {
        const key = name.slice(0, -'.json'.length);
        const marker = await readMarker(markerOf(key), options.meta);
        return marker && { key, dir: dirOf(key), ...marker };
      }),
    );
    return found.filter((entry) => entry !== null).sort((a, b) => b.usedAt - a.usedAt);
  }

  /** Folders without a marker that can be read, and files that were about to become one. */
  async function removeLeftovers(): Promise<void> {
    const finished = new Set((await list()).flatMap(({ key }) => [key, `${key}.json`]));
    for (const name of await readdir(folder)) {
      if (!finished.has(name)) await removeFolder(path.join(folder, name));
    }
  }

  /** One sweep at a time. An entry is in use or leaving, never both: that is decided without a pause in between. */
  function sweep(): Promise<void> {
    const next = async (): Promise<void> => {
      let entries = 0;
      let bytes = 0;
      for (const { key, meta } of await list()) {
        entries += 1;
        bytes += meta.bytes;
        if (inUse.has(key) || (entries <= limits.entries && bytes <= limits.bytes)) continue;
        const gone = remove(key).finally(() => leaving.delete(key));
        leaving.set(key, gone);
        await gone;
        entries -= 1;
        bytes -= meta.bytes;
      }
    };
    sweeping = sweeping.then(next, next);
    return sweeping;
  }

  async function use(key: string, make: Make<Meta>, signal?: AbortSignal): Promise<Held<Meta>> {
    signal?.throwIfAborted();
    let entry = inUse.get(key);
    while (entry?.stop.signal.aborted) {
      // Being undone, because all who wanted it have gone: wait, then begin again.
      await Promise.allSettled([entry.ready]);
      entry = inUse.get(key);
    }
    entry ??= begin(key, make);
    const held = entry;
    held.users += 1;
    const release = releaseOnce(key, held);
    const hold = (): (() => void) => {
      held.users += 1;
      return releaseOnce(key, held);
    };
    try {
      return { dir: dirOf(key), meta: await orAborted(held.ready, signal), use: held, hold, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  function releaseOnce(key: string, held: Entry<Meta>): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      held.users -= 1;
      if (held.users > 0) return;
      if (held.settled) inUse.delete(key);
      else held.stop.abort(new Error('nobody waits for it any more'));
    };
  }

  return { use, list };
}

/** null when there is none, or one that this version cannot read. One open file for both, because it may be removed meanwhile. */
async function readMarker<Meta>(file: string, schema: z.ZodType<Meta>): Promise<{ meta: Meta; usedAt: number } | null> {
  try {
    await using handle = await open(file);
    const { mtimeMs } = await handle.stat();
    const parsed = schema.safeParse(JSON.parse(await handle.readFile('utf8')));
    return parsed.success ? { meta: parsed.data, usedAt: mtimeMs } : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
