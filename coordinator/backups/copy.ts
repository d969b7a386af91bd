/** Brings a backup into another folder of backups, where it may be encrypted differently. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { MOST_ARTIFACTS } from '../../shared/protocol/rest/backups.ts';
import { blobsIn } from '../storage/copied-file.ts';
import { bytesOf, publish, remove, sizeOf, syncFolder, tallyOf, writeNew } from './files.ts';
import { prepareKey } from './folder.ts';
import { ARTIFACT_LIST, artifactAt, DATABASE, MANIFEST, partialOf } from './layout.ts';
import { signed } from './manifest.ts';
import { artifactBytes, artifactFile, listedArtifacts, partBytes, takeOut, type OpenBackup } from './read.ts';
import { seal, sealedSize, type FolderKey } from './sealing.ts';
import { objectOf } from './write.ts';

/** Brings artifacts of a backup, by their names there, below its folder, where they were left out. */
export type BringArtifacts = (objects: readonly string[], below: string) => Promise<void>;

export interface CopyOptions {
  /** Of the copy; null: it is not encrypted. */
  passphrase: string | null;
  /** null: all artifacts lie beside the backup. */
  bring: BringArtifacts | null;
}

/**
 * Writes it under its partial name; every byte is checked on its way. What the folder has of it is neither brought nor written again. Throws
 * BackupError, DamagedBackupError.
 */
export async function copyBackup(
  backup: OpenBackup,
  folder: string,
  { passphrase, bring }: CopyOptions,
): Promise<void> {
  const { manifest } = backup;
  const own = path.join(folder, partialOf(manifest.name));
  await mkdir(path.join(own, 'keys', 'tls'), { recursive: true, mode: 0o700 });
  try {
    const key = await prepareKey(folder, passphrase);
    for (const part of manifest.parts) {
      const content = partBytes(backup, part);
      const sealed = key ? seal(content, key, `${manifest.name}/${part.name}`) : content;
      await writeNew(path.join(own, ...part.name.split('/')), sealed);
    }
    const artifacts = manifest.artifacts && {
      ...manifest.artifacts,
      list_sha256: await copyArtifacts(backup, folder, { own, key, bring }),
    };
    const { digest: _, ...rest } = { ...manifest, encrypted: key !== null, artifacts };
    await writeNew(path.join(own, MANIFEST), `${JSON.stringify(signed(rest, key), null, 2)}\n`);
    await syncFolder(own);
  } catch (error) {
    await remove(own);
    throw error;
  }
}

/** An artifact that the folder has not. */
interface Lacking {
  sha256: string;
  /** Its name in the folder. */
  object: string;
  to: string;
  from: { object: string; file: string };
}

/** Names of those that do not lie beside the backup. */
async function absent(some: readonly Lacking[]): Promise<string[]> {
  const names: string[] = [];
  for (const { from } of some) if ((await sizeOf(from.file)) === null) names.push(from.object);
  return names;
}

/** Returns the SHA-256 of the list of them. */
async function copyArtifacts(
  backup: OpenBackup,
  folder: string,
  { own, key, bring }: { own: string; key: FolderKey | null; bring: BringArtifacts | null },
): Promise<string> {
  const database = path.join(own, 'copy.db');
  await takeOut(backup, DATABASE, database);
  const listed = await listedArtifacts(backup);
  const lines: string[] = [];
  const lacking: Lacking[] = [];
  for (const { sha256, size } of blobsIn(database)) {
    const found = artifactFile(backup, listed, sha256);
    if (found === null) continue;
    const object = objectOf(sha256, key);
    const length = key ? sealedSize(size) : size;
    const to = path.join(folder, ...artifactAt(object).split('/'));
    lines.push(`${object} ${length}\n`);
    const there = await sizeOf(to);
    if (there === length) continue;
    if (there !== null) await remove(to);
    lacking.push({ sha256, object, to, from: found });
  }
  await remove(database);
  for (let i = 0; i < lacking.length; i += MOST_ARTIFACTS) {
    const some = lacking.slice(i, i + MOST_ARTIFACTS);
    if (bring) await bring(await absent(some), backup.folder);
    for (const { sha256, object, to, from } of some) {
      await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
      const temp = path.join(own, 'artifact.new');
      const content = artifactBytes(backup, from, sha256);
      await writeNew(temp, key ? seal(content, key, object) : content);
      await publish(temp, to);
      // It was brought for this alone: both take no more room than they must.
      if (bring) await remove(from.file);
    }
  }
  await writeNew(path.join(own, ARTIFACT_LIST), lines.join(''));
  return (await tallyOf(bytesOf(path.join(own, ARTIFACT_LIST)))).sha256;
}
