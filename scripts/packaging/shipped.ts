/** Which locked packages end up at people, inside bundles or beside them: for the bill of materials and the licences. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../programs.ts';
import type { Locked } from './runtime-packages.ts';

export interface LockedPackage extends Locked {
  name?: string;
  license?: string;
  integrity?: string;
  dev?: boolean;
}

export interface Lock {
  name: string;
  version: string;
  packages: Record<string, LockedPackage>;
}

export const readLock = async (): Promise<Lock> =>
  JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as Lock;

export const nameOf = (at: string): string => at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length);

const IMPORT = /(?:from|import)\s*\(?\s*'((?:@[^/']+\/)?[a-z][^/']*)/g;

/**
 * Folders as in the lock file, sorted: all that is not for development, and what the dashboard is built with, which is for development
 * because nothing looks for it at run time.
 */
export async function shippedPackages({ packages }: Lock): Promise<string[]> {
  const found = new Set(Object.keys(packages).filter((at) => at !== '' && packages[at]!.dev !== true));
  const seen = new Set<string>();
  for (const name of await importsOf(path.join(root, 'src-renderer'))) collect(packages, name, seen);
  return [...new Set([...found, ...seen])].sort();
}

/** Names of the packages that the sources below `folder` import. */
async function importsOf(folder: string): Promise<Set<string>> {
  const names = new Set<string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
    const text = await readFile(path.join(entry.parentPath, entry.name), 'utf8');
    for (const [, name = ''] of text.matchAll(IMPORT)) names.add(name);
  }
  return names;
}

/** The top-level package and all that it depends on. */
function collect(packages: Lock['packages'], name: string, found: Set<string>): void {
  const at = `node_modules/${name}`;
  if (found.has(at) || !packages[at]) return;
  found.add(at);
  for (const next of Object.keys(packages[at].dependencies ?? {})) collect(packages, next, found);
}
