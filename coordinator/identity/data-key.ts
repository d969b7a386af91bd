/**
 * The installation's own key: 32 random bytes in a file beside the database, for its owner's eyes only. What must be secret or signed is
 * keyed by parts of it, so that a copy of the database alone opens nothing.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';

const BYTES = 32;

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
      `${file} is not a key of ${BYTES} bytes. Put it back from a backup, or remove it: secret settings must be set again then, and second factors taken off (playfleet people reset E-MAIL --second-factor).`,
    );
  }
  return new DataKey(bytes);
}

export class DataKey {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
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
