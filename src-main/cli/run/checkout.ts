/** What git knows of the launcher's folder, for the run's name and its history. */
import { z } from 'zod';
import type { Clock } from '../../../shared/base/clock.ts';
import { redactGitUrl } from '../../../shared/base/git-source.ts';
import { git, GitError } from '../../command/git.ts';
import type { Env } from '../../command/run-command.ts';
import { CliFailure } from '../failure.ts';

/** Travels as `git` in a run's metadata. */
export const checkout = z.object({
  commit: z.string(),
  /** null where no branch is checked out. */
  branch: z.string().nullable(),
  /** Whether anything tracked differs from the commit. */
  changed: z.boolean(),
  /** Address of the remote `origin`, without a password; null where there is none. Pages of the source are found by it. */
  remote: z.string().nullable().default(null),
  /** The folder's place in the repository; empty at its top. */
  prefix: z.string().default(''),
});
export type Checkout = z.infer<typeof checkout>;

/** null outside a repository, without a commit, and where there is no git. */
export async function describeCheckout(folder: string, env: Env, clock: Clock): Promise<Checkout | null> {
  const ask = async (...args: string[]): Promise<string> =>
    (await git(args, { cwd: folder, env, clock })).toString('utf8').trim();
  try {
    const commit = await ask('rev-parse', 'HEAD');
    const branch = await ask('rev-parse', '--abbrev-ref', 'HEAD');
    const changes = await ask('status', '--porcelain', '--untracked-files=no');
    const prefix = (await ask('rev-parse', '--show-prefix')).replace(/\/$/, '');
    const remote = await ask('config', '--default', '', '--get', 'remote.origin.url');
    return {
      commit,
      branch: branch === 'HEAD' ? null : branch,
      changed: changes !== '',
      remote: remote === '' ? null : redactGitUrl(remote),
      prefix,
    };
  } catch (error) {
    if (error instanceof GitError) return null;
    throw error;
  }
}

/** Where others find this repository, and the folder's place in it. Throws CliFailure where it has no origin. */
export async function originOf(folder: string, env: Env, clock: Clock): Promise<{ url: string; prefix: string }> {
  const options = { cwd: folder, env, clock };
  try {
    const url = (await git(['remote', 'get-url', 'origin'], options)).toString('utf8').trim();
    const prefix = (await git(['rev-parse', '--show-prefix'], options)).toString('utf8').trim().replace(/\/$/, '');
    return { url, prefix };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new CliFailure(
      'This repository has no remote named origin.',
      'Name the address with --git URL, or leave out --source git.',
      { cause: error },
    );
  }
}
