/** Makes a data folder of a backup. */
import { mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { lockFile } from '../storage/file-lock.ts';
import { blobsIn, markRestored } from '../storage/copied-file.ts';
import { checkDatabase } from './check.ts';
import { BackupError } from './failures.ts';
import { publish, remove, syncFolder, writeNew } from './files.ts';
import { BLOBS, DATABASE, DATABASE_FILE, KEY_FILES } from './layout.ts';
import { artifactBytes, artifactFile, listedArtifacts, takeOut, withBackup, type OpenBackup } from './read.ts';
import { fenceBehindAll } from './rules/fences.ts';
import type { BackupManifest } from '../../shared/protocol/rest/backups.ts';

export interface RestoreOptions {
  from: string;
  name?: string | undefined;
  passphrase: string | null;
  /** Must be empty or not there. */
  into: string;
  /** The newest migration that this program knows. */
  schema: number;
  now: () => number;
}

export interface Restored {
  manifest: BackupManifest;
  artifacts: number;
  /** Of those that the database lists, how many the backup does not hold: lost before, or left out. */
  missingArtifacts: number;
  hasKeys: boolean;
}

/** Files that are written first, and moved into place when all of them are whole. */
const STAGE = '.playfleet-restoring';
/** All that a restore puts into a folder. */
const OURS = [STAGE, BLOBS, 'tls', 'secret.key', `${DATABASE_FILE}.lock`];

/**
 * Every byte is checked on its way. `into` becomes a data folder at the very end, with its database; where something fails, it is left
 * empty. Throws BackupError, DamagedBackupError, StorageLockedError.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { into, from, name, passphrase } = options;
  await refuseFull(into);
  await mkdir(into, { recursive: true, mode: 0o700 });
  const unlock = lockFile(path.join(into, DATABASE_FILE));
  const stage = path.join(into, STAGE);
  try {
    await remove(stage);
    await mkdir(stage, { mode: 0o700 });
    try {
      return await withBackup({ from, name, passphrase, workDir: stage }, (backup) => fill(backup, stage, options));
    } finally {
      await remove(stage);
    }
  } catch (error) {
    unlock();
    for (const name of OURS) await remove(path.join(into, name));
    // It stays where it is a mount point or was there before with nothing in it.
    await rmdir(into).catch(() => undefined);
    throw error;
  } finally {
    unlock();
  }
}

async function refuseFull(into: string): Promise<void> {
  const names = await readdir(into).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR')
      throw new BackupError(`--into ${into} is a file. Name a folder that is empty or not there.`);
    throw error;
  });
  if (names.includes(DATABASE_FILE))
    throw new BackupError(
      `--into ${into} has a coordinator's data. Name a folder that is empty or not there; nothing was touched.`,
    );
  // A restore that was killed: nothing else makes that folder, and it began in an empty one.
  if (names.includes(STAGE) && names.every((name) => OURS.includes(name))) {
    for (const name of OURS) await remove(path.join(into, name));
    return;
  }
  if (names.length > 0)
    throw new BackupError(
      `--into ${into} is not empty (${names[0]}). Name a folder that is empty or not there; nothing was touched.`,
    );
}

async function fill(backup: OpenBackup, stage: string, { into, schema, now }: RestoreOptions): Promise<Restored> {
  const { manifest } = backup;
  if (manifest.schema > schema)
    throw new BackupError(
      `${manifest.name} was taken by Playfleet ${manifest.version}, whose database is newer (${manifest.schema}) than this program knows (${schema}). Update Playfleet first.`,
    );
  const database = path.join(stage, DATABASE_FILE);
  await takeOut(backup, DATABASE, database);
  checkDatabase(backup, database);
  const artifacts = await takeArtifacts(backup, database, path.join(stage, BLOBS));
  const keys = KEY_FILES.filter(({ part }) => manifest.parts.some((one) => one.name === part));
  for (const { part, at } of keys) {
    await mkdir(path.dirname(path.join(into, at)), { recursive: true, mode: 0o700 });
    await takeOut(backup, part, path.join(stage, path.basename(at)));
  }
  const mark = { backup: manifest.name, taken_at: manifest.taken_at, restored_at: new Date(now()).toISOString() };
  markRestored(database, mark, (last, isPromoted) => fenceBehindAll(last, now(), isPromoted));
  await rename(path.join(stage, BLOBS), path.join(into, BLOBS));
  for (const { at } of keys) await publish(path.join(stage, path.basename(at)), path.join(into, at));
  // Last: a folder without it is no coordinator's.
  await publish(database, path.join(into, DATABASE_FILE));
  return {
    manifest,
    ...artifacts,
    hasKeys: keys.some(({ part }) => part === 'keys/secret.key'),
  };
}

async function takeArtifacts(backup: OpenBackup, database: string, to: string) {
  await mkdir(to, { mode: 0o700 });
  const listed = await listedArtifacts(backup);
  const folders = new Set<string>();
  let artifacts = 0;
  let missingArtifacts = 0;
  for (const { sha256 } of blobsIn(database)) {
    const found = artifactFile(backup, listed, sha256);
    if (found === null) {
      missingArtifacts++;
      continue;
    }
    const folder = path.join(to, sha256.slice(0, 2));
    if (!folders.has(folder)) await mkdir(folder, { mode: 0o700 });
    folders.add(folder);
    await writeNew(path.join(folder, sha256), artifactBytes(backup, found, sha256));
    artifacts++;
  }
  for (const folder of [...folders, to]) await syncFolder(folder);
  return { artifacts, missingArtifacts };
}
