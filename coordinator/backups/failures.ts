/** What can be wrong with a backup or with its making, as people can mend it. */

/** It cannot be taken, read or restored; the message says why and what to do. Nothing was changed. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** Something in it is not what its manifest says: named in the message. */
export class DamagedBackupError extends BackupError {}

const DISK: Record<string, (place: string) => string> = {
  ENOSPC: (place) => `The disk of ${place} is full. Free space there, or choose another folder`,
  EDQUOT: (place) => `The quota of ${place} is used up. Free space there, or choose another folder`,
  EIO: (place) => `The disk of ${place} answers with errors. Check its health, or choose another folder`,
  EROFS: (place) => `${place} is read-only. Choose another folder`,
  EACCES: (place) => `${place} may not be written or read. Give this user the right, or choose another folder`,
  ENOTDIR: (place) => `${place} is no folder, or lies in something that is none. Choose another folder`,
  EPERM: (place) => `${place} may not be written or read. Give this user the right, or choose another folder`,
};

/** What the file system around `place` has against us, with the mend and without a full stop; null for any other error. */
export function diskTrouble(error: unknown, place: string): string | null {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  const text = DISK[code] ?? (/^SQLITE_FULL/.test(code) ? DISK['ENOSPC'] : undefined);
  return text?.(place) ?? null;
}

/** Errors of the file system around a backup in `place`, as a BackupError; anything else as it is. */
export function asBackupError(error: unknown, place: string): unknown {
  const trouble = diskTrouble(error, place);
  return trouble === null ? error : new BackupError(`${trouble}; nothing of this backup was kept.`, { cause: error });
}
