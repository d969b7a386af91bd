/**
 * Where everything of a backup folder lies:
 *
 * - `<name>/manifest.json`, `<name>/database`, `<name>/keys/…`, `<name>/artifacts.txt`: one backup;
 * - `artifacts/<2 characters>/<name>`: files of reports and tests, each once for all backups of the folder;
 * - `encryption.json`: where its backups are encrypted;
 * - `.<name>.partial`: one that is being written, or was cut off.
 */
import path from 'node:path';
import type { BackupPart } from '../../shared/protocol/rest/backups.ts';

export const MANIFEST = 'manifest.json';
export const DATABASE = 'database';
export const ARTIFACT_LIST = 'artifacts.txt';
export const ARTIFACTS = 'artifacts';
export const ENCRYPTION = 'encryption.json';

/** What of a data folder is a key, and where: only with these do its secrets open, and workers know its certificate again. */
export const KEY_FILES: readonly { part: BackupPart['name']; at: string }[] = [
  { part: 'keys/secret.key', at: 'secret.key' },
  { part: 'keys/tls/key.pem', at: path.join('tls', 'key.pem') },
  { part: 'keys/tls/certificate.pem', at: path.join('tls', 'certificate.pem') },
];

export const DATABASE_FILE = 'playfleet.db';
export const BLOBS = 'blobs';

/** Of an artifact in the backup folder; `object` is its SHA-256, or where it is encrypted an HMAC of it. */
export const artifactAt = (object: string): string => `${ARTIFACTS}/${object.slice(0, 2)}/${object}`;

export const partialOf = (name: string): string => `.${name}.partial`;
export const PARTIAL = /^\.playfleet-\d{8}T\d{6}Z(-\d+)?\.partial$/;

/** `playfleet-20261121T030000Z`, or with a number behind it where `taken` has that already. */
export function nameFor(now: number, taken: readonly string[]): string {
  const plain = `playfleet-${new Date(now)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '')}`;
  let name = plain;
  for (let n = 2; taken.includes(name); n++) name = `${plain}-${n}`;
  return name;
}
