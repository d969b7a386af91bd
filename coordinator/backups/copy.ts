/** Brings a backup into another folder of backups, where it may be encrypted differently. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { blobsIn } from '../storage/copied-file.ts';
import { bytesOf, publish, remove, sizeOf, syncFolder, tallyOf, writeNew } from './files.ts';
import { prepareKey } from './folder.ts';
import { ARTIFACT_LIST, artifactAt, DATABASE, MANIFEST, partialOf } from './layout.ts';
import { signed } from './manifest.ts';
import { artifactBytes, artifactFile, listedArtifacts, partBytes, takeOut, type OpenBackup } from './read.ts';
import { seal, sealedSize, type FolderKey } from './sealing.ts';
import { objectOf } from './write.ts';

/**
 * Writes it under its partial name; every byte is checked on its way. What the folder has of it is not written again. Throws BackupError,
 * DamagedBackupError.
 */
export async function copyBackup(backup: OpenBackup, folder: string, passphrase: string | null): Promise<void> {
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
      list_sha256: await copyArtifacts(backup, folder, own, key),
    };
    const { digest: _, ...rest } = { ...manifest, encrypted: key !== null, artifacts };
    await writeNew(path.join(own, MANIFEST), `${JSON.stringify(signed(rest, key), null, 2)}\n`);
    await syncFolder(own);
  } catch (error) {
    await remove(own);
    throw error;
  }
}

/** Returns the SHA-256 of the list of them. */
async function copyArtifacts(backup: OpenBackup, folder: string, own: string, key: FolderKey | null): Promise<string> {
  const database = path.join(own, 'copy.db');
  await takeOut(backup, DATABASE, database);
  const listed = await listedArtifacts(backup);
  const lines: string[] = [];
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
    await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
    const temp = path.join(own, 'artifact.new');
    const content = artifactBytes(backup, found, sha256);
    await writeNew(temp, key ? seal(content, key, object) : content);
    await publish(temp, to);
  }
  await remove(database);
  await writeNew(path.join(own, ARTIFACT_LIST), lines.join(''));
  return (await tallyOf(bytesOf(path.join(own, ARTIFACT_LIST)))).sha256;
}
