/** Where a project's dependencies are installed, by which package manager, and which files decide what comes out. */
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256Of } from '../../transfer/sha256.ts';
import { WorkspaceError } from './errors.ts';
import { chooseManager, lockCovers, LOCK_FILES, type Manager } from './package-manager.ts';

export interface InstallRoot {
  /** Absolute. */
  folder: string;
  manager: Manager;
}

type PackageJson = Record<string, unknown> | null;

/**
 * The folder of the nearest lock file from `project` upward to `top`, or of the nearest package.json where no lock file covers it. null
 * when there is nothing to install: no dependencies, or packages committed with the tree, which are meant to be used as they are.
 * Throws WorkspaceError.
 */
export function findInstallRoot(project: string, top: string): InstallRoot | null {
  const folders = upTo(top, project);
  const packaged = folders.find((folder) => existsSync(path.join(folder, 'package.json')));
  const locked = folders.find((folder) => locksIn(folder).length > 0);
  if (packaged === undefined && locked === undefined) {
    throw new WorkspaceError(
      'bad-source',
      'There is no package.json in the folder of the project or above it, so it is not known what the tests depend on.',
      { permanent: true },
    );
  }
  const folder = locked !== undefined && isCovered(locked, packaged) ? locked : (packaged ?? project);
  if (existsSync(path.join(folder, 'node_modules'))) return null;
  const manager = managerOf(folder);
  return manager.lock !== null || dependsOnAnything(readPackage(folder)) ? { folder, manager } : null;
}

/** A package below the lock file may be a workspace of it, or depend on nothing; else the lock file says nothing of it. */
function isCovered(locked: string, packaged: string | undefined): boolean {
  if (packaged === undefined || locked.length >= packaged.length || !dependsOnAnything(readPackage(packaged)))
    return true;
  const { lock } = managerOf(locked);
  const relative = path.relative(locked, packaged).split(path.sep).join('/');
  return lock === null || lockCovers(lock, readFileSync(path.join(locked, lock), 'utf8'), relative);
}

function managerOf(folder: string): Manager {
  const manager = chooseManager({
    locks: locksIn(folder),
    packageManager: readPackage(folder)?.packageManager as string | undefined,
    lockHead: (file) => readFileSync(path.join(folder, file), 'utf8').slice(0, 1000),
  });
  if ('problem' in manager) throw new WorkspaceError('install-failed', `${manager.problem}.`, { permanent: true });
  return manager;
}

function locksIn(folder: string): string[] {
  return LOCK_FILES.filter((file) => existsSync(path.join(folder, file)));
}

export interface DecidingFile {
  /** POSIX, relative to the install root. */
  file: string;
  sha256: string;
  /** Of a package.json. */
  json: PackageJson;
}

const DECIDING = new Set([
  ...LOCK_FILES,
  'package.json',
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
  'pnpm-workspace.yaml',
  '.pnpmfile.cjs',
]);

/** The lock file, the settings, and all package.json files below (any may be a workspace), in a fixed order. */
export async function decidingFiles(root: string): Promise<DecidingFile[]> {
  const found: DecidingFile[] = [];
  const visit = async (relative: string): Promise<void> => {
    const entries = await readdir(path.join(root, relative), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.posix.join(relative, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') await visit(file);
      else if (entry.isFile() && DECIDING.has(entry.name)) {
        const bytes = await readFile(path.join(root, file));
        const json = entry.name === 'package.json' ? parsed(bytes.toString()) : null;
        found.push({ file, sha256: sha256Of(bytes), json });
      }
    }
  };
  await visit('');
  return found;
}

function readPackage(folder: string): PackageJson {
  const file = path.join(folder, 'package.json');
  return existsSync(file) ? parsed(readFileSync(file, 'utf8')) : null;
}

/** A broken package.json is for the package manager to complain about; fixtures may hold them on purpose. */
function parsed(text: string): PackageJson {
  try {
    return JSON.parse(text) as PackageJson;
  } catch {
    return null;
  }
}

function dependsOnAnything(json: PackageJson): boolean {
  return ['dependencies', 'devDependencies', 'optionalDependencies', 'workspaces'].some((field) => {
    const value = json?.[field];
    return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  });
}

/** `folder` and those above it, up to `top`. */
function upTo(top: string, folder: string): string[] {
  return folder === top ? [folder] : [folder, ...upTo(top, path.dirname(folder))];
}
