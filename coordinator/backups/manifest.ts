/** The manifest of a backup: made, read, and checked against its own digest. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { backupManifest, type Backup, type BackupManifest } from '../../shared/protocol/rest/backups.ts';
import { DamagedBackupError } from './failures.ts';
import { MANIFEST } from './layout.ts';
import type { FolderKey } from './sealing.ts';

/** With its digest. `key`: of encrypted backups. */
export function signed(manifest: Omit<BackupManifest, 'digest'>, key: FolderKey | null): BackupManifest {
  return { ...manifest, digest: digestOf(manifest, key) };
}

/**
 * Reads the manifest of the backup in `folder`. Without the key of an encrypted one its digest cannot be checked; `key: undefined` says
 * that this is not wanted (for lists). Throws DamagedBackupError.
 */
export async function readManifest(folder: string, key: FolderKey | null | undefined): Promise<BackupManifest> {
  const file = path.join(folder, MANIFEST);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new DamagedBackupError(`${folder} lacks its ${MANIFEST}: it is no backup, or was cut off.`);
    throw error;
  });
  const manifest = parse(text, file);
  const { digest, ...rest } = manifest;
  const isChecked = key !== undefined && (key !== null || !manifest.encrypted);
  if (isChecked && digestOf(rest, manifest.encrypted ? key : null) !== digest)
    throw new DamagedBackupError(`${file} was changed after the backup was taken.`);
  return manifest;
}

function parse(text: string, file: string): BackupManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DamagedBackupError(`${file} is not whole: it cannot be read as JSON.`, { cause });
  }
  const parsed = backupManifest.safeParse(json);
  if (parsed.success) return parsed.data;
  const { format } = (json ?? {}) as { format?: unknown };
  if (typeof format === 'number' && format > 1)
    throw new DamagedBackupError(`${file} has format ${format}, which a newer Playfleet writes. Update this one.`);
  const [issue] = parsed.error.issues;
  throw new DamagedBackupError(`${file} is damaged: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

/** Independent of the order and spacing in the file. */
function digestOf(manifest: Omit<BackupManifest, 'digest'>, key: FolderKey | null): string {
  const text = JSON.stringify(backupManifest.omit({ digest: true }).parse(manifest));
  return key === null ? createHash('sha256').update(text).digest('hex') : key.mac(text);
}

/** As lists show it. */
export function summaryOf(manifest: BackupManifest): Backup {
  const { name, taken_at, version, encrypted, counts, parts, artifacts } = manifest;
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0) + (artifacts?.bytes ?? 0);
  const has_keys = parts.some((part) => part.name.startsWith('keys/'));
  return { name, taken_at, version, encrypted, counts, bytes, artifacts: artifacts?.count ?? null, has_keys };
}
