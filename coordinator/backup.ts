/** Backups as `playfleet backup` and `restore` ask for them: of a data folder whose coordinator is stopped, and of what lies in folders and files. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import type { Backup } from '../shared/protocol/rest/backups.ts';
import { backUpIntoFile, backUpIntoFolder, beside, inFolder, type BackedUp } from './backups/back-up.ts';
import { copyBackup, type BringArtifacts } from './backups/copy.ts';
import { asBackupError, BackupError } from './backups/failures.ts';
import { publish, remove, writeNew } from './backups/files.ts';
import { backupNames, listBackups, sweep, tarEntries } from './backups/folder.ts';
import { DATABASE_FILE, partialOf } from './backups/layout.ts';
import { summaryOf } from './backups/manifest.ts';
import { withBackup } from './backups/read.ts';
import { restoreBackup, type Restored } from './backups/restore.ts';
import { checkInProcess } from './backups/run-process.ts';
import { packTar, unpackTar } from './backups/tar.ts';
import { lockFile } from './storage/file-lock.ts';
import { migrations } from './storage/migrations.ts';

export { BackupError } from './backups/failures.ts';
export type { BackedUp } from './backups/back-up.ts';
export type { Restored } from './backups/restore.ts';

export interface OfflineBackup {
  dataDir: string;
  /** Absolute. A folder where it ends in a separator or is one, else a file that is not there yet. */
  to: string;
  version: string;
  passphrase: string | null;
  withKeys: boolean;
  withArtifacts: boolean;
  now: () => number;
  signal: AbortSignal;
}

/** Of a data folder that nobody has open, and that nobody opens meanwhile. Throws BackupError, StorageLockedError. */
export async function backUpDataFolder({ to, ...options }: OfflineBackup): Promise<BackedUp> {
  if (!existsSync(path.join(options.dataDir, DATABASE_FILE)))
    throw new BackupError(`There is no coordinator's data in ${options.dataDir}. Name its folder with --data.`);
  const unlock = lockFile(path.join(options.dataDir, DATABASE_FILE));
  try {
    const all = { ...options, freeze: (copy: (since: number) => Promise<void>) => copy(options.now()) };
    return isFile(to)
      ? await backUpIntoFile({ ...all, file: to })
      : await backUpIntoFolder({ ...all, folder: to, keep: null });
  } finally {
    unlock();
  }
}

/** Whether a place for a backup means a file: it has an ending and is no folder. */
export function isFile(to: string): boolean {
  if (to.endsWith(path.sep) || to.endsWith('/')) return false;
  try {
    readdirSync(to);
    return false;
  } catch {
    return path.extname(to) !== '';
  }
}

/** A backup that arrives as a tar. */
export interface Arriving {
  content: AsyncIterable<Uint8Array>;
  /** Gives a tar of artifacts by their names in the backup, where they were left out of `content`; null: all are in it. Only for folders. */
  artifacts: ((objects: readonly string[]) => Promise<AsyncIterable<Uint8Array>>) | null;
  /** As in OfflineBackup. */
  to: string;
  /** Of the backup as it arrives; null: it is not encrypted. */
  passphrase: string | null;
  /** It is encrypted with this one here; null: it stays as it is. */
  encrypt: string | null;
  signal: AbortSignal;
}

/**
 * Puts it into a file that is not there yet or into a folder of backups, checked. Of a folder's artifacts only those are asked for that it has
 * not. Throws BackupError; nothing of it stays then.
 */
export async function receiveBackup({ content, artifacts, to, passphrase, encrypt, signal }: Arriving): Promise<void> {
  if (!isFile(to)) {
    await inFolder(to, async () => {
      const workDir = path.join(to, '.playfleet-arriving');
      const tar = path.join(workDir, 'tar');
      const bring: BringArtifacts | null =
        artifacts &&
        (async (objects, below) => {
          if (objects.length > 0) await unpackTar(await artifacts(objects), below);
        });
      try {
        // Of one that was cut off.
        await remove(workDir);
        await mkdir(workDir, { mode: 0o700 });
        await writeNew(tar, content);
        await bringIn(tar, to, { workDir, passphrase, encrypt: encrypt ?? passphrase, bring, signal });
      } finally {
        await remove(workDir);
      }
    });
    return;
  }
  await beside(to, async (folder, temp) => {
    await writeNew(temp, content);
    if (encrypt !== null) {
      const sealed = path.join(folder, 'encrypted');
      const name = await bringIn(temp, sealed, { workDir: folder, passphrase, encrypt, bring: null, signal });
      await remove(temp);
      await writeNew(temp, packTar(await tarEntries(sealed, name)));
    }
    await checkInProcess({ from: temp, passphrase: encrypt ?? passphrase, workDir: folder, fresh: null }, signal);
    await publish(temp, to);
  });
}

interface BringIn extends Pick<Arriving, 'passphrase' | 'encrypt' | 'signal'> {
  /** Where the tar is unpacked. */
  workDir: string;
  bring: BringArtifacts | null;
}

/** Unpacks a tar into a folder of backups. Returns the backup's name. */
async function bringIn(
  tar: string,
  folder: string,
  { workDir, passphrase, encrypt, bring, signal }: BringIn,
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return withBackup({ from: tar, passphrase, workDir }, async (backup) => {
    const { name } = backup.manifest;
    if ((await backupNames(folder)).includes(name)) throw new BackupError(`${folder} has a backup ${name} already.`);
    const partial = path.join(folder, partialOf(name));
    try {
      await copyBackup(backup, folder, { passphrase: encrypt, bring });
      await checkInProcess({ from: partial, passphrase: encrypt, workDir: partial, fresh: null }, signal);
      await publish(partial, path.join(folder, name));
    } catch (error) {
      await remove(partial);
      await sweep(folder);
      throw error;
    }
    // What one that was cut off has left there.
    await sweep(folder);
    return name;
  });
}

export interface WhichOne {
  from: string;
  name?: string | undefined;
  passphrase: string | null;
}

/** Reads all of a backup, as a restore would. Throws BackupError that names what is wrong with it. */
export async function verifyBackup(which: WhichOne, workDir: string, signal: AbortSignal) {
  const temp = await mkdtemp(path.join(workDir, 'playfleet-verify-'));
  try {
    const { name, ...rest } = which;
    return await checkInProcess(
      { ...rest, ...(name === undefined ? {} : { name }), workDir: temp, fresh: null },
      signal,
    );
  } finally {
    await remove(temp);
  }
}

/** Those in a folder, newest first, and what looks like one and is none. */
export async function backupsIn(folder: string): Promise<{ backups: Backup[]; broken: string[] }> {
  if (!existsSync(folder)) throw new BackupError(`There is no folder ${folder}.`);
  const { backups, broken } = await listBackups(folder);
  return { backups: backups.map(({ manifest }) => summaryOf(manifest)), broken };
}

/** Makes a data folder of a backup. Throws BackupError, StorageLockedError; `into` is as it was then. */
export async function restoreInto(into: string, which: WhichOne, now: () => number): Promise<Restored> {
  try {
    return await restoreBackup({ ...which, into, schema: migrations.length, now });
  } catch (error) {
    throw asBackupError(error, into);
  }
}
