/** Git sources: one bare mirror per address, fetched by commit, and files taken out of it without a working repository around them. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { gitRefProblem, gitUrlProblem, redactGitUrl } from '../../../shared/base/git-source.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import { git, GitError, tryGit, type GitOptions } from '../../command/git.ts';
import type { Env } from '../../command/run-command.ts';
import { sha256Of } from '../../transfer/sha256.ts';
import { WorkspaceError } from './errors.ts';

export interface GitSources {
  /** The commit that a branch, tag or full commit id stands for now. */
  resolve(url: string, ref: string, signal?: AbortSignal): Promise<string>;
  /** Writes the files of `commit` into the empty folder `dir`. */
  checkout(
    url: string,
    commit: string,
    dir: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<void>;
}

export interface GitSourcesOptions {
  /** Holds the mirrors. */
  folder: string;
  env: Env;
  clock: Clock;
  /** Protocols that the machine's owner allows. */
  protocols: readonly string[];
}

const LIST_TIMEOUT_MS = 60_000;
const FETCH_TIMEOUT_MS = 15 * 60_000;
const FULL_COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

export function createGitSources(options: GitSourcesOptions): GitSources {
  /** Fetches into one mirror run one after the other. */
  const lanes = new Map<string, Promise<unknown>>();
  const base = { env: options.env, clock: options.clock, protocols: options.protocols };

  function checkUrl(url: string): void {
    const problem = gitUrlProblem(url, options.protocols);
    if (problem !== null)
      throw new WorkspaceError('bad-source', `The git address ${JSON.stringify(redactGitUrl(url))} ${problem}.`, {
        permanent: true,
      });
  }

  async function resolve(url: string, ref: string, signal?: AbortSignal): Promise<string> {
    checkUrl(url);
    const problem = gitRefProblem(ref);
    if (problem !== null)
      throw new WorkspaceError('bad-source', `The git reference ${JSON.stringify(ref)} ${problem}.`, {
        permanent: true,
      });
    if (FULL_COMMIT.test(ref)) return ref;
    await mkdir(options.folder, { recursive: true });
    // Patterns of ls-remote match the end of a name: `main` also finds `feature/main`, so the exact ones are picked below.
    const out = await explained(url, () =>
      git(['ls-remote', '--', url, ref, `${ref}^{}`], {
        ...base,
        cwd: options.folder,
        timeoutMs: LIST_TIMEOUT_MS,
        ...(signal && { signal }),
      }),
    );
    const commits = new Map(
      out
        .toString()
        .split('\n')
        .map((line) => line.split('\t').reverse() as [string, string]),
    );
    const names = [`refs/tags/${ref}^{}`, `refs/heads/${ref}`, `refs/tags/${ref}`, `${ref}^{}`, ref];
    const commit = names.map((name) => commits.get(name)).find((found) => found !== undefined);
    if (commit !== undefined && FULL_COMMIT.test(commit)) return commit;
    throw new WorkspaceError(
      'bad-source',
      `${redactGitUrl(url)} has no branch or tag named ${ref}. To run a commit, give all of its ${'40'} digits.`,
      { permanent: true },
    );
  }

  async function checkout(
    url: string,
    commit: string,
    dir: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<void> {
    checkUrl(url);
    if (!FULL_COMMIT.test(commit))
      throw new WorkspaceError('bad-source', `${JSON.stringify(commit)} is not a full commit id.`, { permanent: true });
    const mirror = path.join(options.folder, `${sha256Of(url).slice(0, 32)}.git`);
    await inLane(mirror, () => explained(url, () => fetchCommit(mirror, url, commit, signal, onLine)));
    const index = `${dir}.index`;
    const reading: GitOptions = {
      ...base,
      cwd: mirror,
      signal,
      extraEnv: { GIT_INDEX_FILE: index, GIT_DIR: mirror, GIT_WORK_TREE: dir },
    };
    try {
      await explained(url, async () => {
        await git(['read-tree', `${commit}^{tree}`], reading);
        await git(['checkout-index', '--all', '--quiet'], { ...reading, cwd: dir });
      });
    } finally {
      await rm(index, { force: true });
    }
  }

  async function fetchCommit(
    mirror: string,
    url: string,
    commit: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<void> {
    const inMirror: GitOptions = {
      ...base,
      cwd: mirror,
      signal,
      onLine,
      timeoutMs: FETCH_TIMEOUT_MS,
      extraEnv: { GIT_DIR: mirror },
    };
    await mkdir(mirror, { recursive: true });
    const format = commit.length === 64 ? ['--object-format=sha256'] : [];
    await git(['init', '--quiet', '--bare', '--template=', ...format], inMirror);
    if (await hasCommit(commit, inMirror)) return;
    onLine(`fetching ${commit.slice(0, 12)} of ${redactGitUrl(url)}`);
    // Just this commit, without its history; servers that do not serve single commits give everything.
    const alone = await tryGit(
      ['fetch', '--quiet', '--no-tags', '--depth=1', '--no-recurse-submodules', '--', url, commit],
      inMirror,
    );
    if (alone.exitCode === 0) return;
    await git(
      [
        'fetch',
        '--quiet',
        '--no-recurse-submodules',
        '--',
        url,
        '+refs/heads/*:refs/heads/*',
        '+refs/tags/*:refs/tags/*',
      ],
      inMirror,
    );
    if (await hasCommit(commit, inMirror)) return;
    throw new WorkspaceError(
      'bad-source',
      `${redactGitUrl(url)} has no commit ${commit} on any branch or tag; push it first.`,
      { permanent: true },
    );
  }

  async function hasCommit(commit: string, inMirror: GitOptions): Promise<boolean> {
    const result = await tryGit(['cat-file', '-e', `${commit}^{commit}`], { ...inMirror, onLine: () => undefined });
    return result.exitCode === 0;
  }

  function inLane<T>(mirror: string, work: () => Promise<T>): Promise<T> {
    const turn = (lanes.get(mirror) ?? Promise.resolve()).then(work, work);
    lanes.set(mirror, turn);
    return turn;
  }

  return { resolve, checkout };
}

async function explained<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const safe = redactGitUrl(url);
    const said = error.message.replaceAll(url, safe);
    throw new WorkspaceError(
      'unreachable',
      `git could not read ${safe}: ${said}. Check the address, and that the user who runs the worker may read it without being asked for a password.`,
      { cause: error },
    );
  }
}
