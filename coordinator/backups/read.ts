/** Reads a backup back: decides which one is meant, and hands out its files as they were, each checked against the manifest. */
import { mkdtemp, stat } from 'node:fs/promises';
import path from 'node:path';
import { BACKUP_NAME, type BackupManifest, type BackupPart } from '../../shared/protocol/rest/backups.ts';
import { BackupError, DamagedBackupError } from './failures.ts';
import { bytesOf, remove, sizeOf, Tally, tallyOf, writeNew } from './files.ts';
import { artifactsOf, listBackups, openKey } from './folder.ts';
import { ARTIFACT_LIST, artifactAt, MANIFEST } from './layout.ts';
import { readManifest } from './manifest.ts';
import { unseal, type FolderKey } from './sealing.ts';
import { unpackTar } from './tar.ts';
import { objectOf } from './write.ts';

export interface OpenBackup {
  manifest: BackupManifest;
  /** The folder of backups that it lies in. */
  folder: string;
  /** Its own folder, which has another name while it is being written. */
  own: string;
  key: FolderKey | null;
}

export interface WhichBackup {
  /** A folder of backups, the folder of one, or a file that holds one. */
  from: string;
  /** Of several; left out: the newest. */
  name?: string | undefined;
  passphrase: string | null;
  /** Where a file may be unpacked; removed afterwards. */
  workDir: string;
}

/** Gives `fn` the backup. Throws BackupError where there is none, or it is not whole. */
export async function withBackup<T>(which: WhichBackup, fn: (backup: OpenBackup) => Promise<T>): Promise<T> {
  const { from, passphrase, workDir } = which;
  const found = await stat(from).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new BackupError(`There is no ${from}.`);
    throw error;
  });
  if (!found.isFile()) return fn(await openIn(from, which.name, passphrase));
  const unpacked = await mkdtemp(path.join(workDir, '.playfleet-backup-'));
  try {
    await unpackTar(bytesOf(from), unpacked);
    return await fn(await openIn(unpacked, which.name, passphrase, from));
  } finally {
    await remove(unpacked);
  }
}

async function openIn(
  place: string,
  name: string | undefined,
  passphrase: string | null,
  called = place,
): Promise<OpenBackup> {
  const isOne = (await sizeOf(path.join(place, MANIFEST))) !== null;
  const folder = isOne ? path.dirname(path.resolve(place)) : place;
  const own = isOne ? path.resolve(place) : path.join(folder, await choose(folder, name, called));
  const key = await openKey(folder, passphrase);
  const manifest = await readManifest(own, key);
  if (!own.includes(manifest.name))
    throw new DamagedBackupError(`${own} holds the manifest of another backup, ${manifest.name}.`);
  if (manifest.encrypted !== (key !== null))
    throw new DamagedBackupError(`${own} is ${manifest.encrypted ? '' : 'not '}encrypted, unlike its folder says.`);
  return { manifest, folder, own, key };
}

async function choose(folder: string, name: string | undefined, called: string): Promise<string> {
  if (name !== undefined) {
    if (!BACKUP_NAME.test(name))
      throw new BackupError(`${name} is not the name of a backup, as in playfleet-20261121T030000Z.`);
    if ((await sizeOf(path.join(folder, name))) === null)
      throw new BackupError(`There is no backup ${name} in ${called}.`);
    return name;
  }
  const { backups, broken } = await listBackups(folder);
  const [newest] = backups;
  if (newest) return newest.manifest.name;
  throw broken[0] === undefined
    ? new BackupError(`There is no backup in ${called}.`)
    : new DamagedBackupError(broken[0]);
}

/** The bytes of a part as they were. Whoever reads to the end gets a DamagedBackupError where they are not those of the manifest. */
export async function* partBytes(backup: OpenBackup, part: BackupPart): AsyncGenerator<Uint8Array> {
  const { own, key, manifest } = backup;
  const place = `${manifest.name}/${part.name}`;
  const file = path.join(own, ...part.name.split('/'));
  if ((await sizeOf(file)) === null) throw new DamagedBackupError(`${place} is not there.`);
  const tally = new Tally();
  yield* tally.over(key ? unseal(bytesOf(file), key, place) : bytesOf(file));
  if (tally.bytes !== part.bytes || tally.sha256 !== part.sha256)
    throw new DamagedBackupError(
      `${place} is not what it was: its ${tally.bytes} bytes have another SHA-256 than the ${part.bytes} that were written.`,
    );
}

/** Writes a part into a new file. */
export async function takeOut(backup: OpenBackup, name: BackupPart['name'], to: string): Promise<void> {
  const part = backup.manifest.parts.find((one) => one.name === name);
  if (!part) throw new DamagedBackupError(`${backup.manifest.name} has no ${name}.`);
  await writeNew(to, partBytes(backup, part));
}

/** The list of artifacts of a backup that has some, checked. Maps the names in the folder to sizes there. */
export async function listedArtifacts({ own, manifest }: OpenBackup): Promise<Map<string, number>> {
  if (manifest.artifacts === null) return new Map();
  const file = path.join(own, ARTIFACT_LIST);
  if ((await sizeOf(file)) === null) throw new DamagedBackupError(`${manifest.name}/${ARTIFACT_LIST} is not there.`);
  const { sha256 } = await tallyOf(bytesOf(file));
  if (sha256 !== manifest.artifacts.list_sha256)
    throw new DamagedBackupError(`${manifest.name}/${ARTIFACT_LIST} was changed after the backup was taken.`);
  return new Map((await artifactsOf(own)).map(({ object, size }) => [object, size]));
}

/** Where an artifact lies, its name in the folder; null: it was missing already when the backup was taken. */
export function artifactFile(backup: OpenBackup, listed: ReadonlyMap<string, number>, sha256: string) {
  const object = objectOf(sha256, backup.key);
  if (!listed.has(object)) return null;
  return { object, file: path.join(backup.folder, ...artifactAt(object).split('/')) };
}

/** The bytes of an artifact, checked against the hash that is its name. */
export async function* artifactBytes(
  backup: OpenBackup,
  { object, file }: { object: string; file: string },
  sha256: string,
): AsyncGenerator<Uint8Array> {
  if ((await sizeOf(file)) === null)
    throw new DamagedBackupError(`The artifact ${object} of ${backup.manifest.name} is not there.`);
  const tally = new Tally();
  yield* tally.over(backup.key ? unseal(bytesOf(file), backup.key, object) : bytesOf(file));
  if (tally.sha256 !== sha256)
    throw new DamagedBackupError(
      `The artifact ${object} of ${backup.manifest.name} was changed: its SHA-256 is ${tally.sha256}.`,
    );
}
