/** Writes one backup of a data folder into a folder of backups, up to the point where it can be checked. */
import { copyFile, constants, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { BackupManifest, BackupPart } from '../../shared/protocol/rest/backups.ts';
import { blobsIn, foldLog, inspectCopy } from '../storage/copied-file.ts';
import { DamagedBackupError } from './failures.ts';
import { bytesOf, linkOrCopy, publish, remove, sizeOf, syncFolder, Tally, tallyOf, writeNew } from './files.ts';
import { prepareKey } from './folder.ts';
import { ARTIFACT_LIST, artifactAt, BLOBS, DATABASE, DATABASE_FILE, KEY_FILES, MANIFEST, partialOf } from './layout.ts';
import { signed } from './manifest.ts';
import { seal, sealedSize, type FolderKey } from './sealing.ts';

export interface WriteOptions {
  dataDir: string;
  /** Of backups; made if needed. */
  folder: string;
  name: string;
  /** Of this Playfleet. */
  version: string;
  passphrase: string | null;
  /** The keys go along although nothing is encrypted. */
  withKeys: boolean;
  withArtifacts: boolean;
  /** Runs its function while the database's file is left alone, and tells it since when, milliseconds since the epoch. */
  frozen: (copy: (since: number) => Promise<void>) => Promise<void>;
}

export interface Written {
  manifest: BackupManifest;
  /** What was added to the folder; second names for bytes that are there count nothing. */
  writtenBytes: number;
  /** Names of the artifacts that were not in the folder before. */
  newArtifacts: string[];
}

/** Leaves it under its partial name. Where it throws, everything of it is removed but artifacts, which the next sweep takes. */
export async function writeBackup(options: WriteOptions): Promise<Written> {
  const { folder, name } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = path.join(folder, partialOf(name));
  await mkdir(path.join(own, 'keys', 'tls'), { recursive: true, mode: 0o700 });
  try {
    const key = await prepareKey(folder, options.passphrase);
    return await new Writing(options, own, key).run();
  } catch (error) {
    await remove(own);
    throw error;
  }
}

class Writing {
  readonly #options: WriteOptions;
  readonly #own: string;
  readonly #key: FolderKey | null;
  readonly #new: string[] = [];
  #bytes = 0;

  constructor(options: WriteOptions, own: string, key: FolderKey | null) {
    this.#options = options;
    this.#own = own;
    this.#key = key;
  }

  async run(): Promise<Written> {
    const { name, version, withArtifacts, withKeys, dataDir } = this.#options;
    const copy = path.join(this.#own, 'copy.db');
    const takenAt = await this.#copyDatabase(copy);
    foldLog(copy);
    const { schema, epoch, counts, damage } = inspectCopy(copy);
    if (damage !== '')
      throw new DamagedBackupError(`The coordinator's own database is damaged (${damage}). Restore an earlier backup.`);
    const blobs = withArtifacts ? blobsIn(copy) : null;
    const parts = [await this.#keepDatabase(copy)];
    if (withKeys || this.#key) {
      for (const { part, at } of KEY_FILES) {
        const file = path.join(dataDir, at);
        if ((await sizeOf(file)) !== null) parts.push(await this.#keep(part, file));
      }
    }
    const artifacts = blobs && (await this.#keepArtifacts(blobs));
    const manifest = signed(
      {
        format: 1,
        name,
        taken_at: new Date(takenAt).toISOString(),
        version,
        schema,
        epoch,
        encrypted: this.#key !== null,
        parts,
        counts,
        artifacts,
      },
      this.#key,
    );
    await writeNew(path.join(this.#own, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await syncFolder(this.#own);
    return { manifest, writtenBytes: this.#bytes, newArtifacts: this.#new };
  }

  /** As plain files: no second connection ever touches a database that is open (FULL and one process: decision 2). */
  async #copyDatabase(to: string): Promise<number> {
    const from = path.join(this.#options.dataDir, DATABASE_FILE);
    let takenAt = 0;
    await this.#options.frozen(async (since) => {
      takenAt = since;
      await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      if ((await sizeOf(`${from}-wal`)) !== null) await copyFile(`${from}-wal`, `${to}-wal`, constants.COPYFILE_EXCL);
    });
    return takenAt;
  }

  /** The copy itself, where it need not be sealed. */
  async #keepDatabase(copy: string): Promise<BackupPart> {
    if (this.#key) {
      const part = await this.#keep(DATABASE, copy);
      await remove(copy);
      return part;
    }
    const part = { name: DATABASE, ...(await tallyOf(bytesOf(copy))) };
    await publish(copy, path.join(this.#own, DATABASE));
    this.#bytes += part.bytes;
    return part;
  }

  /** Copies a file into the backup, sealed where that is wanted. */
  async #keep(name: BackupPart['name'], from: string): Promise<BackupPart> {
    const to = path.join(this.#own, ...name.split('/'));
    const tally = new Tally();
    const content = tally.over(bytesOf(from));
    await writeNew(to, this.#key ? seal(content, this.#key, `${this.#options.name}/${name}`) : content);
    this.#bytes += (await sizeOf(to)) ?? 0;
    return { name, bytes: tally.bytes, sha256: tally.sha256 };
  }

  async #keepArtifacts(
    blobs: readonly { sha256: string; size: number }[],
  ): Promise<NonNullable<BackupManifest['artifacts']>> {
    const lines: string[] = [];
    let bytes = 0;
    let missing = 0;
    const touched = new Set<string>();
    for (const { sha256, size } of blobs) {
      const object = objectOf(sha256, this.#key);
      const file = path.join(this.#options.folder, ...artifactAt(object).split('/'));
      const kept = await this.#keepArtifact({ sha256, size }, file);
      if (kept === null) {
        missing++;
        continue;
      }
      touched.add(path.dirname(file));
      lines.push(`${object} ${kept}\n`);
      bytes += size;
    }
    for (const folder of touched) await syncFolder(folder);
    const list = lines.join('');
    await writeNew(path.join(this.#own, ARTIFACT_LIST), list);
    const { sha256 } = await tallyOf(oneChunk(list));
    return { count: lines.length, bytes, missing, list_sha256: sha256 };
  }

  /** Size in the backup; null: its bytes are not in the data folder any more, or not as they were. */
  async #keepArtifact({ sha256, size }: { sha256: string; size: number }, file: string): Promise<number | null> {
    const length = this.#key ? sealedSize(size) : size;
    const there = await sizeOf(file);
    if (there === length) return length;
    const from = path.join(this.#options.dataDir, BLOBS, sha256.slice(0, 2), sha256);
    if ((await sizeOf(from)) !== size || (await tallyOf(bytesOf(from))).sha256 !== sha256) return null;
    this.#new.push(path.basename(file));
    // Cut short by a full disk or a crash.
    if (there !== null) await remove(file);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const temp = path.join(this.#own, 'artifact.new');
    if (this.#key) {
      await writeNew(temp, seal(bytesOf(from), this.#key, path.basename(file)));
      await publish(temp, file);
      this.#bytes += length;
    } else if ((await linkOrCopy(from, file, temp)) === 'copied') this.#bytes += length;
    return length;
  }
}

/** The name of an artifact in a backup folder: in an encrypted one it must not tell which file it is. */
export const objectOf = (sha256: string, key: FolderKey | null): string =>
  key === null ? sha256 : key.mac(`artifact ${sha256}`);

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
