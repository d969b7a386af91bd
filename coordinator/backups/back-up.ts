/** A whole backup: written, checked in a process that has never seen it, and only then called one. */
import { mkdir, mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import type { BackupManifest } from '../../shared/protocol/rest/backups.ts';
import { lockFile } from '../storage/file-lock.ts';
import { asBackupError, BackupError } from './failures.ts';
import { publish, remove, sizeOf, writeNew } from './files.ts';
import { backupNames, listBackups, removeBackups, sweep, tarEntries } from './folder.ts';
import { nameFor, partialOf } from './layout.ts';
import { superfluous, type KeepRule } from './rules/retention.ts';
import { checkInProcess, writeInProcess, type Freeze } from './run-process.ts';
import { packTar } from './tar.ts';

export interface BackUpOptions {
  dataDir: string;
  /** Of this Playfleet. */
  version: string;
  /** null: it is not encrypted. */
  passphrase: string | null;
  /** The keys go along although nothing is encrypted. */
  withKeys: boolean;
  withArtifacts: boolean;
  now: () => number;
  freeze: Freeze;
  signal: AbortSignal;
}

export interface BackedUp {
  manifest: BackupManifest;
  writtenBytes: number;
  /** Backups that made room for it. */
  removed: string[];
}

/**
 * Takes a backup into a folder of backups. `keep` null: all that are there stay. Throws a BackupError that says what to mend; backups that
 * were there before stay as they were.
 */
export async function backUpIntoFolder(
  options: BackUpOptions & { folder: string; keep: KeepRule | null },
): Promise<BackedUp> {
  const { folder, now, passphrase, signal, freeze, keep, dataDir, version, withKeys, withArtifacts } = options;
  return inFolder(folder, async () => {
    await sweep(folder);
    const name = nameFor(now(), await backupNames(folder));
    const plan = { dataDir, version, passphrase, withKeys, withArtifacts, folder, name };
    const partial = path.join(folder, partialOf(name));
    try {
      const { manifest, writtenBytes, newArtifacts } = await writeInProcess(plan, freeze, signal);
      await checkInProcess({ from: partial, passphrase, workDir: partial, fresh: newArtifacts }, signal);
      await publish(partial, path.join(folder, name));
      const removed = keep ? await prune(folder, keep) : [];
      return { manifest, writtenBytes, removed };
    } catch (error) {
      await remove(partial);
      await sweep(folder);
      throw error;
    }
  });
}

/** Takes a backup into one file, which must not be there yet. */
export async function backUpIntoFile(options: BackUpOptions & { file: string }): Promise<BackedUp> {
  const { file, passphrase, signal } = options;
  return beside(file, async (folder, temp) => {
    const backedUp = await backUpIntoFolder({ ...options, folder, keep: null });
    await writeNew(temp, packTar(await tarEntries(folder, backedUp.manifest.name)));
    await checkInProcess({ from: temp, passphrase, workDir: folder, fresh: null }, signal);
    await publish(temp, file);
    return { ...backedUp, writtenBytes: (await sizeOf(file)) ?? 0 };
  });
}

/** Gives `make` a folder beside `file` to work in, and a name in it for the file that is to be. */
export async function beside<T>(file: string, make: (folder: string, temp: string) => Promise<T>): Promise<T> {
  if ((await sizeOf(file)) !== null) throw new BackupError(`${file} is there already. Name another file.`);
  const parent = path.dirname(file);
  try {
    await mkdir(parent, { recursive: true });
    const folder = await mkdtemp(path.join(parent, '.playfleet-backup-'));
    try {
      return await make(folder, path.join(folder, 'file'));
    } finally {
      await remove(folder);
    }
  } catch (error) {
    throw asBackupError(error, parent);
  }
}

/** Takes away those that its rule does not keep, and tells which. */
async function prune(folder: string, keep: KeepRule): Promise<string[]> {
  const { backups } = await listBackups(folder);
  const dated = backups.map(({ manifest }) => ({ name: manifest.name, takenAt: Date.parse(manifest.taken_at) }));
  const names = superfluous(dated, keep);
  if (names.length > 0) await removeBackups(folder, names);
  return names;
}

/** Nobody else writes or removes backups there meanwhile. */
export async function inFolder<T>(folder: string, fn: () => Promise<T>): Promise<T> {
  let unlock: () => void;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    unlock = lockFile(path.join(folder, 'backups'));
  } catch (error) {
    if ((error as Error).name === 'StorageLockedError')
      throw new BackupError(`Another backup is being taken in ${folder}. Wait for its end, or choose another folder.`, {
        cause: error,
      });
    throw asBackupError(error, folder);
  }
  try {
    return await fn();
  } catch (error) {
    throw asBackupError(error, folder);
  } finally {
    unlock();
  }
}
