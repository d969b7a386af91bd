/** The files of a folder that is not under git, by the same ignore files that git would read. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { BundleError } from './errors.ts';
import { createIgnoreRules } from './ignore-rules.ts';
import type { Listing } from './list-git.ts';
import { decodeNames } from './names.ts';

/** Made anew on every machine, or by the tests themselves. Where git tracks such a folder it travels all the same. */
export const NEVER_PACKED: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  'test-results',
  'playwright-report',
  'blob-report',
]);

export async function listFolderFiles(root: string): Promise<Listing> {
  const rules = createIgnoreRules(root, ['.gitignore', '.playfleetignore']);
  const listing: Listing = { files: [], warnings: [] };
  const walk = async (prefix: string): Promise<void> => {
    for (const entry of await entriesOf(path.join(root, prefix))) {
      const name = decodeNames(entry.name);
      const relative = prefix + name;
      const asked = entry.isDirectory() ? `${relative}/` : relative;
      if (NEVER_PACKED.has(name) || (await rules.ignores(asked))) continue;
      if (entry.isDirectory()) await walk(asked);
      else listing.files.push({ path: relative, executable: null });
    }
  };
  await walk('');
  return listing;
}

async function entriesOf(folder: string): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new BundleError(
      `No permission to read the folder ${folder}: change its rights, or exclude it in .playfleetignore.`,
      { cause: error },
    );
  }
}
