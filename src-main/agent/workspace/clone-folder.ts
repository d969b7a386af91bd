/**
 * Copies a folder of installed packages without copying its bytes: by clones where the file system has them (btrfs, XFS, APFS), else by
 * hard links, else by plain copies. Not by one symbolic link to a shared node_modules: workspace packages in it would lead back to another
 * tree, and tools that look at real paths (Vite, Next.js) refuse files outside the project.
 */
import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import path from 'node:path';
import { mapLimit } from '../../transfer/map-limit.ts';

const CONCURRENT_FILES = 16;

export interface Roots {
  /** Tops of the trees that the two folders belong to: an absolute link into the one becomes a link into the other. */
  from: string;
  to: string;
}

/** Copies `folder`, relative to both roots; it must not exist in the second. Resolves with the sum of its files' sizes in bytes. */
export async function cloneFolder(folder: string, roots: Roots): Promise<number> {
  const files: string[] = [];
  const visit = async (relative: string): Promise<void> => {
    await mkdir(path.join(roots.to, relative), { recursive: relative === folder });
    for (const entry of await readdir(path.join(roots.from, relative), { withFileTypes: true })) {
      const name = path.join(relative, entry.name);
      if (entry.isDirectory()) await visit(name);
      else if (entry.isSymbolicLink()) await copyLink(name, roots);
      else files.push(name);
    }
  };
  await visit(folder);
  let copy = cloned;
  const sizes = await mapLimit(files, CONCURRENT_FILES, async (name) => {
    const from = path.join(roots.from, name);
    const to = path.join(roots.to, name);
    for (;;) {
      const tried = copy;
      if (await tried(from, to)) break;
      if (tried === copy) copy = copy === cloned ? linked : copied;
    }
    return (await lstat(from)).size;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Each way of copying a file: false where the file system does not offer it. */
async function cloned(from: string, to: string): Promise<boolean> {
  return offered(copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE));
}

async function linked(from: string, to: string): Promise<boolean> {
  return offered(link(from, to));
}

async function copied(from: string, to: string): Promise<boolean> {
  await copyFile(from, to, constants.COPYFILE_EXCL);
  return true;
}

const NOT_OFFERED = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY', 'EINVAL', 'EXDEV', 'EPERM', 'EMLINK']);

async function offered(attempt: Promise<void>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    if (NOT_OFFERED.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Windows makes a package manager's links absolute (junctions), so one into the old tree is turned to the new one. */
async function copyLink(name: string, roots: Roots): Promise<void> {
  const target = await readlink(path.join(roots.from, name));
  const inside = path.isAbsolute(target) && !path.relative(roots.from, target).startsWith('..');
  const to = path.join(roots.to, name);
  await symlink(inside ? path.join(roots.to, path.relative(roots.from, target)) : target, to, 'junction');
}

/** All outermost `node_modules` folders below `dir`, relative to it, without following links. */
export async function findModules(dir: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (relative: string): Promise<void> => {
    for (const entry of await readdir(path.join(dir, relative), { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const name = path.join(relative, entry.name);
      if (entry.name === 'node_modules') found.push(name);
      else await visit(name);
    }
  };
  await visit('');
  return found;
}
