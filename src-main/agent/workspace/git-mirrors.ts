/** One bare repository per git address, from which commits are laid out; fetched into when it lacks one, mended when it is broken. */
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { redactGitUrl } from '../../../shared/base/git-source.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import { git, GitError, tryGit, type GitOptions } from '../../command/git.ts';
import type { Env } from '../../command/run-command.ts';
import { sha256Of } from '../../transfer/sha256.ts';
import { WorkspaceError } from './errors.ts';
import { fetchWithin, gitBounds, refuseHuge, type GitBounds } from './git-bounds.ts';

export interface MirrorsOptions {
  folder: string;
  env: Env;
  clock: Clock;
  /** Protocols that the machine's owner allows. */
  protocols: readonly string[];
  /** Default: gitBounds. */
  bounds?: GitBounds;
}

export interface CommitRequest {
  url: string;
  /** Full id. */
  commit: string;
  signal: AbortSignal;
  onLine: (line: string) => void;
}

export interface Mirrors {
  /** Writes the files of a commit into the empty folder `dir`. False when the remote has no such commit; throws GitError. */
  layOut(request: CommitRequest, dir: string): Promise<boolean>;
}

const FETCH_TIMEOUT_MS = 15 * 60_000;
const MAX_MIRRORS = 10;
/** Each commit is fetched without history, as a pack of its own; past this many, fetching anew is cheaper than searching all of them. */
const MAX_PACKS = 60;

export function createMirrors(options: MirrorsOptions): Mirrors {
  /** Work on one mirror goes on one step after the other. */
  const lanes = new Map<string, Promise<unknown>>();
  const { clock, bounds = gitBounds } = options;

  async function layOut(request: CommitRequest, dir: string): Promise<boolean> {
    const name = `${sha256Of(request.url).slice(0, 32)}.git`;
    const mirror = path.join(options.folder, name);
    const before = lanes.get(name) ?? Promise.resolve();
    const turn = before.then(
      () => inMirror(mirror, request, dir),
      () => inMirror(mirror, request, dir),
    );
    lanes.set(name, turn);
    try {
      return await turn;
    } finally {
      if (lanes.get(name) === turn) lanes.delete(name);
    }
  }

  async function inMirror(mirror: string, request: CommitRequest, dir: string): Promise<boolean> {
    const at: GitOptions = { ...options, cwd: mirror, signal: request.signal, extraEnv: { GIT_DIR: mirror } };
    await makeRoom(path.basename(mirror));
    await tidy(mirror);
    try {
      return await fetchAndLayOut(mirror, at, request, dir);
    } catch (error) {
      // What has come of a repository that is too large is not kept either.
      if (error instanceof WorkspaceError) await rm(mirror, { recursive: true, force: true });
      if (!(error instanceof GitError) || (await isSound(mirror, at))) throw error;
      request.onLine('the local copy of the repository was damaged and is fetched anew');
      await rm(mirror, { recursive: true, force: true });
      return fetchAndLayOut(mirror, at, request, dir);
    }
  }

  async function fetchAndLayOut(mirror: string, at: GitOptions, request: CommitRequest, dir: string): Promise<boolean> {
    await mkdir(mirror, { recursive: true });
    const format = request.commit.length === 64 ? 'sha256' : 'sha1';
    await git(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`], at);
    const now = options.clock.now() / 1000;
    await utimes(mirror, now, now);
    if (!(await hasCommit(request.commit, at))) {
      const { signal } = request;
      const fetch = (within: AbortSignal) => fetchCommit(request, { ...at, signal: within });
      if (!(await fetchWithin(mirror, { clock, signal, bounds }, fetch))) return false;
    }
    await refuseHuge(request.commit, at, bounds);
    const index = `${dir}.index`;
    const reading = { ...at, extraEnv: { ...at.extraEnv, GIT_INDEX_FILE: index, GIT_WORK_TREE: dir } };
    try {
      await git(['read-tree', `${request.commit}^{tree}`], reading);
      await git(['checkout-index', '--all', '--force', '--quiet'], { ...reading, cwd: dir });
    } finally {
      await rm(index, { force: true });
    }
    return true;
  }

  /** Just this commit, without its history; from servers that do not hand out single commits, all branches and tags. */
  async function fetchCommit({ url, commit, onLine }: CommitRequest, at: GitOptions): Promise<boolean> {
    onLine(`fetching ${commit.slice(0, 12)} of ${redactGitUrl(url)}`);
    const patient = { ...at, timeoutMs: FETCH_TIMEOUT_MS };
    const quiet = ['--quiet', '--no-tags', '--no-recurse-submodules'];
    const alone = await tryGit(['fetch', ...quiet, '--depth=1', '--', url, commit], patient);
    if (alone.exitCode === 0) return true;
    await git(['fetch', ...quiet, '--', url, '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'], patient);
    return hasCommit(commit, at);
  }

  /** Removes what a killed git left locked: nobody else works here. */
  async function tidy(mirror: string): Promise<void> {
    const names = await namesIn(mirror);
    const packs = (await namesIn(path.join(mirror, 'objects', 'pack'))).filter((name) => name.endsWith('.pack'));
    if (packs.length > MAX_PACKS) return rm(mirror, { recursive: true, force: true });
    for (const name of names) if (name.endsWith('.lock')) await rm(path.join(mirror, name), { force: true });
  }

  /** Removes the mirrors that have not been used for longest, keeping `wanted` and those that are worked on. */
  async function makeRoom(wanted: string): Promise<void> {
    const names = (await namesIn(options.folder)).filter((name) => name !== wanted && !lanes.has(name));
    const dated = await Promise.all(
      names.map(async (name) => ({ name, usedAt: (await stat(path.join(options.folder, name))).mtimeMs })),
    );
    for (const { name } of dated.sort((a, b) => b.usedAt - a.usedAt).slice(MAX_MIRRORS - 1)) {
      await rm(path.join(options.folder, name), { recursive: true, force: true });
    }
  }

  return { layOut };
}

async function hasCommit(commit: string, at: GitOptions): Promise<boolean> {
  return (await tryGit(['cat-file', '-e', `${commit}^{commit}`], at)).exitCode === 0;
}

/** Tells a damaged mirror from a remote that cannot be read. */
async function isSound(mirror: string, at: GitOptions): Promise<boolean> {
  if (!(await namesIn(mirror)).includes('HEAD')) return false;
  return (await tryGit(['fsck', '--connectivity-only', '--no-dangling', '--no-progress'], at)).exitCode === 0;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
