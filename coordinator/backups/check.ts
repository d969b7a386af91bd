/** Proves that a backup can be restored, without restoring it: every byte is read, the database is opened and read whole. */
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { blobsIn, inspectCopy } from '../storage/copied-file.ts';
import { DamagedBackupError } from './failures.ts';
import { remove, sizeOf } from './files.ts';
import { DATABASE } from './layout.ts';
import { artifactBytes, artifactFile, listedArtifacts, partBytes, takeOut, type OpenBackup } from './read.ts';

export interface Checked {
  /** Bytes that were read and are what they were. */
  bytes: number;
  artifacts: number;
  /** Artifacts that its coordinator had lost before. */
  missing: number;
}

/**
 * `fresh`: names of the artifacts whose bytes are read; of the others, which were read when they were written, only the length is. null: all
 * are read. Throws DamagedBackupError.
 */
export async function checkBackup(
  backup: OpenBackup,
  workDir: string,
  fresh: readonly string[] | null,
): Promise<Checked> {
  const isFresh = fresh && new Set(fresh);
  const { manifest } = backup;
  const checked: Checked = { bytes: 0, artifacts: 0, missing: 0 };
  for (const part of manifest.parts) for await (const chunk of partBytes(backup, part)) checked.bytes += chunk.length;
  const temp = await mkdtemp(path.join(workDir, '.playfleet-check-'));
  try {
    const file = backup.key ? path.join(temp, DATABASE) : path.join(backup.own, DATABASE);
    if (backup.key) await takeOut(backup, DATABASE, file);
    checkDatabase(backup, file);
    const listed = await listedArtifacts(backup);
    if (manifest.artifacts === null) return checked;
    for (const { sha256 } of blobsIn(file)) {
      const found = artifactFile(backup, listed, sha256);
      if (found === null) {
        checked.missing++;
        continue;
      }
      checked.artifacts++;
      if (isFresh === null || isFresh.has(found.object)) {
        for await (const chunk of artifactBytes(backup, found, sha256)) checked.bytes += chunk.length;
      } else if ((await sizeOf(found.file)) !== listed.get(found.object))
        throw new DamagedBackupError(`The artifact ${found.object} of ${manifest.name} is not there, or was cut off.`);
    }
    if (checked.artifacts !== manifest.artifacts.count || checked.missing !== manifest.artifacts.missing)
      throw new DamagedBackupError(
        `${manifest.name} has ${checked.artifacts} artifacts, and not ${manifest.artifacts.count}.`,
      );
    return checked;
  } finally {
    await remove(temp);
  }
}

/** Its pages, its rows that point at each other, and how many there are. */
export function checkDatabase({ manifest }: OpenBackup, file: string): void {
  const { damage, schema, epoch, counts } = inspectCopy(file);
  if (damage !== '') throw new DamagedBackupError(`The database of ${manifest.name} is damaged: ${damage}.`);
  const differs = Object.entries(counts).find(([name, n]) => manifest.counts[name as keyof typeof counts] !== n);
  if (differs)
    throw new DamagedBackupError(
      `The database of ${manifest.name} has ${differs[1]} ${differs[0]}, its manifest says otherwise.`,
    );
  if (schema !== manifest.schema || epoch !== manifest.epoch)
    throw new DamagedBackupError(`The database of ${manifest.name} is not the one that its manifest speaks of.`);
}
