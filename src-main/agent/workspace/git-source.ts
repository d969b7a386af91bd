/** Git sources: which addresses and references are taken, and what a refusal or failure says. */
import { mkdir } from 'node:fs/promises';
import { gitRefProblem, gitUrlProblem, redactGitUrl } from '../../../shared/base/git-source.ts';
import { git, GitError } from '../../command/git.ts';
import { WorkspaceError } from './errors.ts';
import { createMirrors, type CommitRequest, type MirrorsOptions } from './git-mirrors.ts';

export interface GitSources {
  /** The commit that a branch, tag or full commit id stands for now. */
  resolve(url: string, ref: string, signal: AbortSignal): Promise<string>;
  /** Writes the files of a commit into the empty folder `dir`. */
  layOut(request: CommitRequest, dir: string): Promise<void>;
}

const LIST_TIMEOUT_MS = 60_000;
const FULL_COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** `options.folder` holds the mirrors. All methods throw WorkspaceError. */
export function createGitSources(options: MirrorsOptions): GitSources {
  const mirrors = createMirrors(options);

  async function resolve(url: string, ref: string, signal: AbortSignal): Promise<string> {
    refuse('address', redactGitUrl(url), gitUrlProblem(url, options.protocols));
    refuse('reference', ref, gitRefProblem(ref));
    if (FULL_COMMIT.test(ref)) return ref;
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const asking = { ...options, cwd: options.folder, timeoutMs: LIST_TIMEOUT_MS, signal };
    const out = await explained(url, () => git(['ls-remote', '--', url, ref, `${ref}^{}`], asking));
    const commit = commitOf(out.toString(), ref);
    if (commit !== undefined) return commit;
    const mend = 'A commit is named by its full id.';
    throw new WorkspaceError('bad-source', `${redactGitUrl(url)} has no branch or tag named ${ref}. ${mend}`, {
      permanent: true,
    });
  }

  async function layOut(request: CommitRequest, dir: string): Promise<void> {
    const { url, commit } = request;
    refuse('address', redactGitUrl(url), gitUrlProblem(url, options.protocols));
    refuse('commit', commit, FULL_COMMIT.test(commit) ? null : 'is not a full commit id');
    if (await explained(url, () => mirrors.layOut(request, dir))) return;
    const mend = 'push it first';
    throw new WorkspaceError(
      'bad-source',
      `${redactGitUrl(url)} has no commit ${commit} on any branch or tag; ${mend}.`,
      { permanent: true },
    );
  }

  return { resolve, layOut };
}

/** git's patterns match the end of a name (`main` also finds `feature/main`), so the exact ones are picked; a tag's commit before its object. */
function commitOf(listed: string, ref: string): string | undefined {
  const commits = new Map(listed.split('\n').map((line) => line.split('\t').reverse() as [string, string]));
  const names = [`refs/heads/${ref}`, `refs/tags/${ref}^{}`, `refs/tags/${ref}`, `${ref}^{}`, ref];
  const commit = names.map((name) => commits.get(name)).find((found) => found !== undefined);
  return commit !== undefined && FULL_COMMIT.test(commit) ? commit : undefined;
}

function refuse(what: string, value: string, problem: string | null): void {
  if (problem === null) return;
  throw new WorkspaceError('bad-source', `The git ${what} ${JSON.stringify(value)} ${problem}.`, { permanent: true });
}

async function explained<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const safe = redactGitUrl(url);
    const mend =
      'Check the address, and that the user who runs the worker may read it without being asked for a password.';
    throw new WorkspaceError(
      'unreachable',
      `git could not read ${safe}: ${error.message.replaceAll(url, safe)}. ${mend}`,
      { cause: error },
    );
  }
}
