/** Backups as `playfleet backup` and `restore` ask for them: of a data folder whose coordinator is stopped, and of what lies in folders and files. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import type { Backup } from '../shared/protocol/rest/backups.ts';
import { backUpIntoFile, backUpIntoFolder, beside, inFolder, type BackedUp } from './backups/back-up.ts';
import { copyBackup } from './backups/copy.ts';
import { asBackupError, BackupError } from './backups/failures.ts';
import { publish, remove, writeNew } from './backups/files.ts';
import { backupNames, listBackups, tarEntries } from './backups/folder.ts';
import { DATABASE_FILE, partialOf } from './backups/layout.ts';
import { summaryOf } from './backups/manifest.ts';
import { withBackup } from './backups/read.ts';
import { restoreBackup, type Restored } from './backups/restore.ts';
import { checkInProcess } from './backups/run-process.ts';
import { packTar } from './backups/tar.ts';
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
  /** As in OfflineBackup. */
  to: string;
  /** Of the backup as it arrives; null: it is not encrypted. */
  passphrase: string | null;
  /** It is encrypted with this one here; null: it stays as it is. */
  encrypt: string | null;
  signal: AbortSignal;
}

/** Puts it into a file that is not there yet or into a folder of backups, checked. Throws BackupError; nothing of it stays then. */
export async function receiveBackup({ content, to, passphrase, encrypt, signal }: Arriving): Promise<void> {
  if (!isFile(to)) {
    await inFolder(to, async () => {
      const tar = path.join(to, '.playfleet-arriving.tar');
      try {
        await remove(tar);
        await writeNew(tar, content);
        await bringIn(tar, to, { passphrase, encrypt: encrypt ?? passphrase, signal });
      } finally {
        await remove(tar);
      }
    });
    return;
  }
  await beside(to, async (folder, temp) => {
    await writeNew(temp, content);
    if (encrypt !== null) {
      const sealed = path.join(folder, 'encrypted');
      const name = await bringIn(temp, sealed, { passphrase, encrypt, signal });
      await remove(temp);
      await writeNew(temp, packTar(await tarEntries(sealed, name)));
    }
    await checkInProcess({ from: temp, passphrase: encrypt ?? passphrase, workDir: folder, fresh: null }, signal);
    await publish(temp, to);
  });
}

/** Unpacks a tar into a folder of backups. Returns the backup's name. */
async function bringIn(
  tar: string,
  folder: string,
  { passphrase, encrypt, signal }: Pick<Arriving, 'passphrase' | 'encrypt' | 'signal'>,
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return withBackup({ from: tar, passphrase, workDir: folder }, async (backup) => {
    const { name } = backup.manifest;
    if ((await backupNames(folder)).includes(name)) throw new BackupError(`${folder} has a backup ${name} already.`);
    const partial = path.join(folder, partialOf(name));
    try {
      await copyBackup(backup, folder, encrypt);
      await checkInProcess({ from: partial, passphrase: encrypt, workDir: partial, fresh: null }, signal);
      await publish(partial, path.join(folder, name));
    } catch (error) {
      await remove(partial);
      throw error;
    }
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
