/** A folder of backups: what lies in it, its key, and taking backups out of it. */
import { readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { BACKUP_NAME, type BackupManifest } from '../../shared/protocol/rest/backups.ts';
import { BackupError, DamagedBackupError } from './failures.ts';
import { publish, remove, sizeOf, writeNew } from './files.ts';
import { ARTIFACT_LIST, artifactAt, ARTIFACTS, ENCRYPTION, MANIFEST, PARTIAL } from './layout.ts';
import { readManifest } from './manifest.ts';
import { encryptionFile, FolderKey } from './sealing.ts';
import type { TarEntry } from './tar.ts';

export interface ListedBackup {
  manifest: BackupManifest;
  folder: string;
}

/** Newest first. What cannot be read as a backup is told in `broken`, as sentences. */
export async function listBackups(folder: string): Promise<{ backups: ListedBackup[]; broken: string[] }> {
  const backups: ListedBackup[] = [];
  const broken: string[] = [];
  for (const name of await backupNames(folder)) {
    const own = path.join(folder, name);
    try {
      backups.push({ manifest: await readManifest(own, undefined), folder: own });
    } catch (error) {
      if (!(error instanceof DamagedBackupError)) throw error;
      broken.push(error.message);
    }
  }
  backups.sort((a, b) => Date.parse(b.manifest.taken_at) - Date.parse(a.manifest.taken_at));
  return { backups, broken };
}

/** Also of damaged ones. A folder that is not there has none. */
export async function backupNames(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter((name) => BACKUP_NAME.test(name)).toSorted();
}

/**
 * The key of a folder's encrypted backups; null: they are not encrypted. `passphrase` null where none was given. Throws BackupError where
 * one is needed and missing, or wrong, or not needed.
 */
export async function openKey(folder: string, passphrase: string | null): Promise<FolderKey | null> {
  const file = path.join(folder, ENCRYPTION);
  if ((await sizeOf(file)) === null) {
    if (passphrase !== null) throw new BackupError(`The backups in ${folder} are not encrypted: give no passphrase.`);
    return null;
  }
  if (passphrase === null) throw new BackupError('It is encrypted: give its passphrase (--passphrase-file).');
  return FolderKey.open(passphrase, await readEncryption(file));
}

/** As `openKey`, for a folder that is written to: the first backup decides whether its folder is encrypted, and with what. */
export async function prepareKey(folder: string, passphrase: string | null): Promise<FolderKey | null> {
  const file = path.join(folder, ENCRYPTION);
  if ((await sizeOf(file)) !== null) {
    if (passphrase !== null) return FolderKey.open(passphrase, await readEncryption(file));
    throw new BackupError(
      `The backups in ${folder} are encrypted. Give their passphrase, or choose another folder for those that are not.`,
    );
  }
  if (passphrase === null) return null;
  if ((await backupNames(folder)).length > 0)
    throw new BackupError(`The backups in ${folder} are not encrypted. Choose another folder for encrypted ones.`);
  const { key, file: content } = await FolderKey.make(passphrase);
  await writeNew(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`);
  await publish(`${file}.new`, file);
  return key;
}

async function readEncryption(file: string) {
  try {
    return encryptionFile.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new DamagedBackupError(
      `${file} is damaged: without it no backup beside it can be opened. Put a copy of it back.`,
      {
        cause,
      },
    );
  }
}

/** Names of the artifacts that a backup needs, and their sizes in the folder. */
export async function artifactsOf(folder: string): Promise<{ object: string; size: number }[]> {
  const text = await readFile(path.join(folder, ARTIFACT_LIST), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [object = '', size = ''] = line.split(' ');
      if (!/^[0-9a-f]{64}$/.test(object) || !/^\d+$/.test(size))
        throw new DamagedBackupError(
          `${path.join(folder, ARTIFACT_LIST)} is damaged: it holds ${JSON.stringify(line.slice(0, 80))}.`,
        );
      return { object, size: Number(size) };
    });
}

/**
 * The files of one backup with the names that they have in a tar, small ones first; without its artifacts where `withArtifacts` is false.
 * Throws DamagedBackupError where one is missing.
 */
export async function tarEntries(folder: string, name: string, withArtifacts = true): Promise<TarEntry[]> {
  const own = path.join(folder, name);
  const manifest = await readManifest(own, undefined);
  const names = [`${name}/${MANIFEST}`, ...manifest.parts.map((part) => `${name}/${part.name}`)];
  if ((await sizeOf(path.join(folder, ENCRYPTION))) !== null) names.unshift(ENCRYPTION);
  if (manifest.artifacts) {
    names.push(`${name}/${ARTIFACT_LIST}`);
    if (withArtifacts) names.push(...(await artifactsOf(own)).map(({ object }) => artifactAt(object)));
  }
  return entriesOf(folder, name, names);
}

/** The same for some of its artifacts. Throws BackupError for one that it does not name. */
export async function artifactEntries(folder: string, name: string, objects: readonly string[]): Promise<TarEntry[]> {
  const own = path.join(folder, name);
  const manifest = await readManifest(own, undefined);
  const has = new Set(manifest.artifacts ? (await artifactsOf(own)).map(({ object }) => object) : []);
  const foreign = objects.find((object) => !has.has(object));
  if (foreign !== undefined) throw new BackupError(`${name} has no artifact ${foreign}.`);
  return entriesOf(folder, name, objects.map(artifactAt));
}

async function entriesOf(folder: string, name: string, names: readonly string[]): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for (const entry of names) {
    const file = path.join(folder, ...entry.split('/'));
    const size = await sizeOf(file);
    if (size === null) throw new DamagedBackupError(`${name} lacks ${entry}: it was removed from ${folder}.`);
    entries.push({ name: entry, size, file });
  }
  return entries;
}

/** Takes backups away: first they are none any more, then their files go, then the artifacts that no other one names. */
export async function removeBackups(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const gone = path.join(folder, `.${name}.partial`);
    await remove(gone);
    await rename(path.join(folder, name), gone);
  }
  await sweep(folder);
}

/** Removes what was cut off, and artifacts that no backup names. Nobody may be writing a backup there. */
export async function sweep(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) if (PARTIAL.test(name)) await remove(path.join(folder, name));
  const needed = new Set<string>();
  for (const name of await backupNames(folder)) {
    const own = path.join(folder, name);
    // One that cannot be read may still be mended by hand: then nothing is swept.
    const manifest = await readManifest(own, undefined).catch(() => undefined);
    if (manifest === undefined) return;
    if (manifest.artifacts) for (const { object } of await artifactsOf(own)) needed.add(object);
  }
  const root = path.join(folder, ARTIFACTS);
  for (const start of await namesIn(root)) {
    for (const object of await namesIn(path.join(root, start)))
      if (!needed.has(object)) await remove(path.join(root, start, object));
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
