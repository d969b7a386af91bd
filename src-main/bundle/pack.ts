/** Packs a working tree: decides which files travel, hashes them, and writes down the tree. No bytes are copied. */
import type { BigIntStats } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../shared/base/clock.ts';
import { canonicalTree, MAX_TREE_FILES, treeProblems, type TreeFile } from '../../shared/protocol/tree.ts';
import type { Env } from '../command/run-command.ts';
import { mapLimit } from '../transfer/map-limit.ts';
import { hashFile, sha256Of } from '../transfer/sha256.ts';
import { BundleError, listed } from './errors.ts';
import { openHashCache, type HashCache } from './hash-cache.ts';
import { createIgnoreRules } from './ignore-rules.ts';
import { listFolderFiles } from './list-folder.ts';
import { gitRoot, listGitFiles, type ListedFile, type Listing } from './list-git.ts';

export interface PackOptions {
  /** Given to git, besides nothing else. */
  env: Env;
  clock: Clock;
  /** Largest sum of file sizes, in bytes; default 200 MB. */
  maxBytes?: number;
  /** Folder for the hash caches; without it every file is read each time. */
  cacheDir?: string;
}

/** One file of a packed tree and where its bytes are. */
export interface PackedFile {
  entry: TreeFile;
  /** Absolute. */
  source: string;
}

export interface PackedTree {
  /** SHA-256 of `manifest`: the tree's name everywhere. */
  id: string;
  /** Canonical form of the tree. */
  manifest: string;
  files: PackedFile[];
  /** Absolute. */
  root: string;
  /** The packed project's folder: POSIX, relative to the root, '' for the root itself. */
  projectDir: string;
  /** Sum of the files' sizes. */
  bytes: number;
  /** What did not travel and why, one sentence each. */
  warnings: string[];
}

const MB = 1024 * 1024;
const DEFAULT_MAX_BYTES = 200 * MB;
const CONCURRENT_FILES = 16;

/**
 * Packs the tree that `folder` needs: the whole git working tree it lies in (in a monorepo the lock file and shared code are above the
 * suite), or without git the folder itself. Throws BundleError for everything that the launcher can mend.
 */
export async function packTree(folder: string, options: PackOptions): Promise<PackedTree> {
  const project = await realFolder(folder);
  const { root, listing } = await listTree(project, options);
  const warnings = [...listing.warnings];
  const found = await statFiles(root, await notIgnored(root, listing.files), warnings);
  checkSize(root, found, options.maxBytes ?? DEFAULT_MAX_BYTES);
  const cache =
    options.cacheDir === undefined ? null : await openHashCache(options.cacheDir, root, options.clock.now());
  const packed = await mapLimit(found, CONCURRENT_FILES, (file) => packFile(root, file, cache));
  await cache?.save();
  const files = packed.filter((file) => file !== null);
  const projectDir = path.relative(root, project).split(path.sep).join('/');
  return { ...treeOf(files), root, projectDir, warnings };
}

/** The tree of these files. Throws BundleError naming what may not travel. */
export function treeOf(files: PackedFile[]): Pick<PackedTree, 'id' | 'manifest' | 'files' | 'bytes'> {
  const entries = files.map((file) => file.entry);
  const problems = treeProblems(entries);
  if (problems.length > 0) {
    const lines = problems.map(({ path: name, problem }) => `${JSON.stringify(name)} ${problem}`);
    throw new BundleError(
      `Some files cannot travel to other machines:\n${listed(lines)}\nRename or mend them, or exclude them with lines in .playfleetignore (same syntax as .gitignore).`,
    );
  }
  const manifest = canonicalTree(entries);
  const bytes = entries.reduce((sum, entry) => sum + (entry.mode === 'link' ? 0 : entry.size), 0);
  return { id: sha256Of(manifest), manifest, files, bytes };
}

async function realFolder(folder: string): Promise<string> {
  try {
    const real = await realpath(folder);
    if ((await lstat(real)).isDirectory()) return real;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') throw new BundleError(`No permission to read ${folder}.`, { cause: error });
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
  throw new BundleError(`${folder} is not a folder.`);
}

async function listTree(project: string, options: PackOptions): Promise<{ root: string; listing: Listing }> {
  const root = await gitRoot(project, options.env, options.clock);
  if (root !== null) {
    const listing = await listGitFiles(root, options.env, options.clock);
    const below = project === root ? '' : `${path.relative(root, project).split(path.sep).join('/')}/`;
    // A project that the repository ignores as a whole (a home folder under git, a scratch folder) is not governed by it.
    if (listing.files.some((file) => file.path.startsWith(below))) return { root, listing };
  }
  return { root: project, listing: await listFolderFiles(project) };
}

async function notIgnored(root: string, files: ListedFile[]): Promise<ListedFile[]> {
  const rules = createIgnoreRules(root, ['.playfleetignore']);
  const kept: ListedFile[] = [];
  for (const file of files) if (!(await rules.ignores(file.path))) kept.push(file);
  return kept;
}

interface FoundFile extends ListedFile {
  stat: BigIntStats;
}

/** Looks at each listed file; tracked files that are gone are left out, as are those in a folder that has become a link. */
async function statFiles(root: string, files: ListedFile[], warnings: string[]): Promise<FoundFile[]> {
  const real = new Map<string, Promise<boolean>>([['.', Promise.resolve(true)]]);
  const isRealFolder = (folder: string): Promise<boolean> => {
    let answer = real.get(folder);
    if (answer === undefined) {
      answer = isRealFolder(path.posix.dirname(folder)).then(
        async (above) => above && ((await lookAt(root, folder))?.isDirectory() ?? false),
      );
      real.set(folder, answer);
    }
    return answer;
  };
  const found = await mapLimit(files, CONCURRENT_FILES, async (file): Promise<FoundFile | null> => {
    if (!(await isRealFolder(path.posix.dirname(file.path)))) return null;
    const stat = await lookAt(root, file.path);
    if (stat === null) return null;
    if (stat.isFile() || stat.isSymbolicLink()) return { ...file, stat };
    warnings.push(`${file.path} is not a file, folder or link, so it does not travel`);
    return null;
  });
  return found.filter((file) => file !== null);
}

async function lookAt(root: string, relative: string): Promise<BigIntStats | null> {
  return readable(relative, () => lstat(path.join(root, relative), { bigint: true }));
}

/** null when the file is gone; files may vanish while a tree is packed. */
async function readable<T>(relative: string, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new BundleError(`No permission to read ${relative}: change its rights, or exclude it in .playfleetignore.`, {
      cause: error,
    });
  }
}

function checkSize(root: string, files: FoundFile[], maxBytes: number): void {
  if (files.length > MAX_TREE_FILES) {
    throw new BundleError(
      `${root} has ${files.length} files that would travel, more than ${MAX_TREE_FILES}. Exclude what the tests do not need with lines in .playfleetignore (same syntax as .gitignore).`,
    );
  }
  const total = files.reduce((sum, file) => sum + Number(file.stat.size), 0);
  if (total <= maxBytes) return;
  const largest = files.toSorted((a, b) => Number(b.stat.size - a.stat.size)).slice(0, 10);
  const lines = largest.map((file) => `${inMb(Number(file.stat.size)).padStart(9)}  ${file.path}`);
  throw new BundleError(
    `The working tree at ${root} has ${inMb(total)}, more than the ${inMb(maxBytes)} that may travel. Its largest files:\n${listed(lines)}\nExclude what the tests do not need with lines in .playfleetignore (same syntax as .gitignore), or allow a larger bundle.`,
  );
}

function inMb(bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`;
}

/** One file as it is now, or null when it has gone. */
export async function packFile(root: string, file: FoundFile, cache: HashCache | null): Promise<PackedFile | null> {
  const source = path.join(root, file.path);
  const name = file.path.normalize('NFC');
  if (file.stat.isSymbolicLink()) {
    const target = await readable(file.path, () => readlink(source));
    return target === null
      ? null
      : { source, entry: { path: name, mode: 'link', target: target.split(path.sep).join('/').normalize('NFC') } };
  }
  const known = cache?.get(file.path, file.stat);
  const hashed =
    known === undefined
      ? await readable(file.path, () => hashFile(source))
      : { sha256: known, size: Number(file.stat.size) };
  if (hashed === null) return null;
  if (known === undefined && hashed.size === Number(file.stat.size)) cache?.set(file.path, file.stat, hashed.sha256);
  const executable = process.platform === 'win32' ? file.executable === true : (Number(file.stat.mode) & 0o111) !== 0;
  return { source, entry: { path: name, mode: executable ? 'exec' : 'file', ...hashed } };
}
