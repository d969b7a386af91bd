/**
 * Blobs come from machines that keep the suite in different folders, some of them on Windows. In the folded blob every path is POSIX and
 * the root is the same made-up folder, so that no machine's folders show and none of the coordinator's files can be meant.
 */
import path from 'node:path';

export const FOLDED_ROOT = '/suite';

export interface BlobPaths {
  /** A path of an event, relative to the suite's root. */
  relative(file: string): string;
  /** An absolute path on the machine that ran the test, as a path below (or beside) FOLDED_ROOT. */
  absolute(file: string): string;
}

export function blobPaths(rootDir: string, pathSeparator: string): BlobPaths {
  const machine = pathSeparator === '\\' ? path.win32 : path.posix;
  const relative = (file: string): string => {
    const local = machine.isAbsolute(file) && machine.isAbsolute(rootDir) ? machine.relative(rootDir, file) : file;
    const posix = machine === path.win32 ? local.replaceAll('\\', '/') : local;
    return posix === '' ? '' : path.posix.normalize(posix);
  };
  return { relative, absolute: (file) => path.posix.join(FOLDED_ROOT, relative(file)) };
}
