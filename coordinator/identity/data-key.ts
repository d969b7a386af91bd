/**
 * The installation's own key: 32 random bytes in a file beside the database, for its owner's eyes only. What must be secret or signed is
 * keyed by parts of it, so that a copy of the database alone opens nothing.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Database, WriteHandle } from '../storage/database.ts';

const BYTES = 32;

/**
 * Makes a new key and has `reseal` seal everything with it, in one transaction that also notes which key counts. Killed before that
 * commit, the old key counts and the new one is thrown away; killed after it, the new one takes its place at the next start.
 */
export async function rotateDataKey<T>(
  file: string,
  db: Database,
  reseal: (w: WriteHandle, from: DataKey, to: DataKey) => Promise<T>,
): Promise<T> {
  await finishRotation(file, db);
  const from = await openDataKey(file);
  const to = await openDataKey(nextOf(file));
  const result = await db.write(async (w) => {
    await w.run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', [
      META,
      to.name,
    ]);
    return reseal(w, from, to);
  });
  await finishRotation(file, db);
  return result;
}

const META = 'data_key';
const nextOf = (file: string): string => `${file}.new`;

/** To be called before the key is opened: a rotation that was cut off is done, or was never begun. */
export async function finishRotation(file: string, db: Database): Promise<void> {
  const bytes = await readFile(nextOf(file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (bytes === null) return;
  const row = await db.read((r) => r.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', [META]));
  if (row?.value === new DataKey(bytes).name) await rename(nextOf(file), file);
  else await rm(nextOf(file));
  await syncFolder(path.dirname(file));
}

/** So that a power cut does not bring the old name back. Windows has no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the file at the first start. Throws if it is there and is no key. */
export async function openDataKey(file: string): Promise<DataKey> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      const bytes = randomBytes(BYTES);
      await handle.writeFile(bytes);
      await handle.sync();
      return new DataKey(bytes);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const bytes = await readFile(file);
  if (bytes.length !== BYTES) {
    throw new Error(
      `${file} is not a key of ${BYTES} bytes. Put it back from a backup, or remove it: secrets and secret settings must be set again then, and second factors taken off (playfleet people reset E-MAIL --second-factor).`,
    );
  }
  return new DataKey(bytes);
}

export class DataKey {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Tells keys apart and nothing about them. */
  get name(): string {
    return createHash('sha256').update(this.derive('name')).digest('hex');
  }

  /** A key of 32 bytes for one purpose; others tell nothing about it. */
  derive(purpose: string): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#bytes, '', `playfleet ${purpose}`, BYTES));
  }
}

/** AES-256-GCM; `place` (table and row) is bound to it, so that a secret cannot be moved elsewhere in the database. */
export function seal(text: string, key: Uint8Array, place: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
}

/** null where it was sealed with another key or for another place, or was changed. */
export function unseal(sealed: string, key: Uint8Array, place: string): string | null {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < 28) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
