/** The files of a git working tree: tracked, and untracked where no ignore rule speaks against them; submodules are asked themselves. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../shared/base/clock.ts';
import { git, GitError } from '../command/git.ts';
import type { Env } from '../command/run-command.ts';
import { BundleError } from './errors.ts';
import { NEVER_PACKED } from './list-folder.ts';
import { decodeNames } from './names.ts';

export interface ListedFile {
  /** As on disk, POSIX, relative to the root. */
  path: string;
  /** What git has recorded of the executable bit, which Windows does not keep on disk; null for untracked files. */
  executable: boolean | null;
}

export interface Listing {
  files: ListedFile[];
  warnings: string[];
}

/** The top of the git working tree that `folder` lies in, or null. */
export async function gitRoot(folder: string, env: Env, clock: Clock): Promise<string | null> {
  if (!isInRepository(folder)) return null;
  try {
    const out = await git(['rev-parse', '--show-toplevel'], { cwd: folder, env, clock });
    return path.resolve(decodeNames(out).replace(/\r?\n$/, ''));
  } catch (error) {
    throw explained(error, folder);
  }
}

/** Asked of the disk rather than of git, so that a git that fails in a repository is an error and not "no repository". */
function isInRepository(folder: string): boolean {
  if (existsSync(path.join(folder, '.git'))) return true;
  const parent = path.dirname(folder);
  return parent !== folder && isInRepository(parent);
}

export async function listGitFiles(root: string, env: Env, clock: Clock): Promise<Listing> {
  const listing: Listing = { files: [], warnings: [] };
  await listInto(listing, root, '', env, clock);
  return listing;
}

async function listInto(listing: Listing, root: string, prefix: string, env: Env, clock: Clock): Promise<void> {
  const cwd = path.join(root, prefix);
  const options = { cwd, env, clock };
  const [tracked, untracked] = await Promise.all([
    git(['ls-files', '-z', '--cached', '--stage'], options),
    git(['ls-files', '-z', '--others', '--exclude-standard'], options),
  ]).catch((error: unknown) => {
    throw explained(error, cwd);
  });
  // During a merge a path is listed once for each side.
  const seen = new Set<string>();
  for (const entry of split(tracked)) {
    const tab = entry.indexOf('\t');
    const mode = entry.slice(0, 6);
    const file = prefix + entry.slice(tab + 1);
    if (seen.has(file)) continue;
    seen.add(file);
    if (mode !== '160000') listing.files.push({ path: file, executable: mode === '100755' });
    else if (existsSync(path.join(root, file, '.git'))) await listInto(listing, root, `${file}/`, env, clock);
    else
      listing.warnings.push(
        `the submodule ${file} is not checked out, so it does not travel (git submodule update --init)`,
      );
  }
  for (const entry of split(untracked)) {
    const file = prefix + entry;
    if (entry.split('/').some((name) => NEVER_PACKED.has(name))) continue;
    // A repository inside this one that is not a submodule: git names the folder and looks no further.
    if (entry.endsWith('/')) await listInto(listing, root, file, env, clock);
    else listing.files.push({ path: file, executable: null });
  }
}

function split(out: Buffer): string[] {
  return decodeNames(out)
    .split('\0')
    .filter((entry) => entry !== '');
}

function explained(error: unknown, folder: string): unknown {
  if (!(error instanceof GitError)) return error;
  const mend = error.message.includes('dubious ownership')
    ? ` Its files belong to another user: git config --global --add safe.directory "${folder}" tells git that you trust it.`
    : '';
  return new BundleError(`git could not list the files of ${folder}: ${error.message}.${mend}`, { cause: error });
}
