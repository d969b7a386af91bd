/**
 * How much of a repository is taken. What git is sent may be endless, and a few packed kilobytes can name one file a billion times, so
 * both are looked at: the pack while it grows, and the commit before it is laid out.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import { MAX_TREE_FILES } from '../../../shared/protocol/tree.ts';
import { tryGit, type GitOptions } from '../../command/git.ts';
import { WorkspaceError } from './errors.ts';

export interface GitBounds {
  /** Files of a commit. */
  files: number;
  /** Of a commit's files together, and of the packs of a repository. */
  bytes: number;
}

/** As many files as a bundle may have. */
export const gitBounds: GitBounds = { files: MAX_TREE_FILES, bytes: 20 * 1024 ** 3 };

const LOOK_MS = 1000;

/** Throws a WorkspaceError where laying the commit out would take more than `bounds`. */
export async function refuseHuge(commit: string, at: GitOptions, bounds: GitBounds): Promise<void> {
  const full = new AbortController();
  let files = 0;
  let bytes = 0;
  const onLine = (line: string): void => {
    const size = /^\d{6} \w+ [0-9a-f]+ +(\d+|-)\t/.exec(line)?.[1];
    if (size === undefined) return;
    files += 1;
    bytes += Number(size) || 0;
    if (files > bounds.files) full.abort(tooLarge(`The commit ${commit} has more than ${bounds.files} files`));
    if (bytes > bounds.bytes)
      full.abort(tooLarge(`The files of commit ${commit} have more than ${bounds.bytes} bytes`));
  };
  const signal = at.signal ? AbortSignal.any([at.signal, full.signal]) : full.signal;
  await tryGit(['ls-tree', '-r', '-l', '--full-tree', commit], { ...at, signal, capture: false, onLine });
  // The last line may have come with the end.
  full.signal.throwIfAborted();
}

/** Runs `fetch` and ends it, with a WorkspaceError, when the packs of the bare repository `mirror` have become larger than `bounds`. */
export async function fetchWithin<T>(
  mirror: string,
  { clock, signal, bounds }: { clock: Clock; signal: AbortSignal; bounds: GitBounds },
  fetch: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const full = new AbortController();
  let cancel = (): void => undefined;
  let ended = false;
  const look = async (): Promise<void> => {
    const bytes = await bytesIn(path.join(mirror, 'objects', 'pack'));
    if (bytes > bounds.bytes) full.abort(tooLarge(`The repository has more than ${bounds.bytes} bytes`));
  };
  const lookOn = (): void => {
    if (ended) return;
    cancel = clock.after(LOOK_MS, () => {
      look().then(lookOn, (error: unknown) => full.abort(error));
    });
  };
  lookOn();
  try {
    const result = await fetch(AbortSignal.any([signal, full.signal]));
    // It may have come within a moment.
    await look();
    full.signal.throwIfAborted();
    return result;
  } finally {
    ended = true;
    cancel();
  }
}

/** Files come and go while git works; those that are gone count nothing. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(gone<string[]>([]));
  const sizes = await Promise.all(
    names.map(async (name) => stat(path.join(folder, name)).then(({ size }) => size, gone(0))),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function gone<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}

const tooLarge = (what: string): WorkspaceError =>
  new WorkspaceError('bad-source', `${what}, more than a worker takes.`, { permanent: true });
