/** Suites that lie on the worker already: used in place, where the machine's owner has allowed it. */
import { stat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { WorkspaceError } from './errors.ts';

/** The real folder behind `wanted`. Links are followed first, so that one in an allowed folder does not lead out of it. */
export async function allowedFolder(wanted: string, allowPaths: readonly string[]): Promise<string> {
  if (!path.isAbsolute(wanted) || wanted.includes('\0')) {
    throw new WorkspaceError(
      'bad-source',
      `The path ${JSON.stringify(wanted)} is not absolute; a path source names the same folder on every worker.`,
      { permanent: true },
    );
  }
  const allowed = await Promise.all(allowPaths.map((folder) => realOrNull(folder)));
  const real = await realOrNull(wanted);
  const isAllowed = (folder: string): boolean => allowed.some((top) => top !== null && isWithin(top, folder));
  // Whether something is there is told only of folders that are allowed.
  if (real === null ? !allowPaths.some((top) => isWithin(path.resolve(top), path.resolve(wanted))) : !isAllowed(real)) {
    throw new WorkspaceError(
      'not-allowed',
      `The owner of this machine does not allow tests from ${wanted}${allowPaths.length > 0 ? `, only from ${allowPaths.join(', ')}` : ''}.`,
    );
  }
  if (real === null || !(await stat(real)).isDirectory()) {
    throw new WorkspaceError('bad-source', `There is no folder ${wanted} on this machine.`);
  }
  return real;
}

export function isWithin(top: string, folder: string): boolean {
  const relative = path.relative(top, folder);
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative));
}

async function realOrNull(folder: string): Promise<string | null> {
  try {
    return await realpath(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}
