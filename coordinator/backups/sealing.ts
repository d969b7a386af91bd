/**
 * Encryption of a backup's files: a passphrase becomes the folder's key (scrypt), each file has a key of its own, and its bytes are sealed
 * in chunks (AES-256-GCM) that can neither be changed, nor exchanged, nor cut off at the end unnoticed.
 *
 * A sealed file: `PFSEAL1\n`, 16 random bytes, then chunks of 64 KiB (the last one may be shorter) with 16 bytes of tag each. The nonce of
 * a chunk is its number (11 bytes) and whether it is the last (1 byte); bound to each is the file's place in the backup.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { z } from 'zod';
import { BackupError, DamagedBackupError } from './failures.ts';

const MAGIC = Buffer.from('PFSEAL1\n');
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const CHUNK = 64 * 1024;

/** `encryption.json` of a folder: all encrypted backups in it share the passphrase. Nothing in it is secret. */
export const encryptionFile = z.object({
  format: z.literal(1),
  kdf: z.literal('scrypt'),
  n: z
    .int()
    .min(1 << 14)
    .max(1 << 20),
  r: z.int().min(8).max(16),
  p: z.int().min(1).max(4),
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  /** Tells the right passphrase from others. */
  check: z.string().regex(/^[0-9a-f]{64}$/),
});
export type EncryptionFile = z.infer<typeof encryptionFile>;

export const LEAST_PASSPHRASE = 12;

/** The key of one backup folder. */
export class FolderKey {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** With a new salt. Throws BackupError for a passphrase that is easily guessed. */
  static async make(passphrase: string): Promise<{ key: FolderKey; file: EncryptionFile }> {
    if (passphrase.length < LEAST_PASSPHRASE)
      throw new BackupError(`The passphrase must have at least ${LEAST_PASSPHRASE} characters.`);
    const cost = { n: 1 << 17, r: 8, p: 1 };
    const salt = randomBytes(SALT_BYTES).toString('hex');
    const key = new FolderKey(await stretch(passphrase, { ...cost, salt }));
    return { key, file: { format: 1, kdf: 'scrypt', ...cost, salt, check: key.mac('check') } };
  }

  /** Throws BackupError where it is another passphrase. */
  static async open(passphrase: string, file: EncryptionFile): Promise<FolderKey> {
    const key = new FolderKey(await stretch(passphrase, file));
    if (!timingSafeEqual(Buffer.from(key.mac('check')), Buffer.from(file.check)))
      throw new BackupError('The passphrase is not the one that these backups are encrypted with.');
    return key;
  }

  /** An HMAC that only the passphrase can make, as hex. */
  mac(text: string): string {
    return createHmac('sha256', this.#of('mac')).update(text).digest('hex');
  }

  /** Of one file. */
  forFile(salt: Uint8Array): Uint8Array {
    return this.#of('file', salt);
  }

  #of(purpose: string, salt: Uint8Array = new Uint8Array()): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#bytes, salt, `playfleet backup ${purpose}`, 32));
  }
}

function stretch(
  passphrase: string,
  { n, r, p, salt }: Pick<EncryptionFile, 'n' | 'r' | 'p' | 'salt'>,
): Promise<Uint8Array> {
  const options = { N: n, r, p, maxmem: 256 * n * r };
  return new Promise((resolve, reject) =>
    scrypt(passphrase.normalize('NFKC'), Buffer.from(salt, 'hex'), 32, options, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
}

/** How long `bytes` of content are when they are sealed. */
export function sealedSize(bytes: number): number {
  return MAGIC.length + SALT_BYTES + bytes + TAG_BYTES * Math.max(1, Math.ceil(bytes / CHUNK));
}

/** `place` is bound to the bytes: the same ones elsewhere in a backup do not open. */
export async function* seal(
  content: AsyncIterable<Uint8Array>,
  key: FolderKey,
  place: string,
): AsyncGenerator<Uint8Array> {
  const salt = randomBytes(SALT_BYTES);
  const fileKey = key.forFile(salt);
  yield Buffer.concat([MAGIC, salt]);
  let number = 0;
  for await (const { bytes, last } of inChunks(content, CHUNK)) {
    const cipher = createCipheriv('aes-256-gcm', fileKey, nonceOf(number++, last)).setAAD(Buffer.from(place));
    yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }
}

/** Throws DamagedBackupError that names `place` where a byte of it is not what was sealed. */
export async function* unseal(
  sealed: AsyncIterable<Uint8Array>,
  key: FolderKey,
  place: string,
): AsyncGenerator<Uint8Array> {
  const damaged = (cause?: unknown) =>
    new DamagedBackupError(`${place} was changed, exchanged or cut off after it was encrypted.`, { cause });
  let fileKey: Uint8Array | undefined;
  let number = 0;
  const head = MAGIC.length + SALT_BYTES;
  for await (const { bytes, last } of inChunks(sealed, CHUNK + TAG_BYTES, head)) {
    if (fileKey === undefined) {
      if (bytes.length !== head || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged();
      fileKey = key.forFile(bytes.subarray(MAGIC.length));
      if (last) throw damaged();
      continue;
    }
    if (bytes.length < TAG_BYTES) throw damaged();
    const end = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', fileKey, nonceOf(number++, last), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(end));
    let plain: Buffer;
    try {
      plain = Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()]);
    } catch (error) {
      throw damaged(error);
    }
    yield plain;
  }
}

function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 7);
  nonce.writeUInt8(last ? 1 : 0, 11);
  return nonce;
}

/** Pieces of `size` bytes (the first of `head`, where given); the last, marked, may be shorter or empty. */
async function* inChunks(
  content: AsyncIterable<Uint8Array>,
  size: number,
  head = size,
): AsyncGenerator<{ bytes: Buffer; last: boolean }> {
  let kept: Buffer[] = [];
  let length = 0;
  let wanted = head;
  for await (const piece of content) {
    kept.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
    length += piece.length;
    // One byte more must be there before a full chunk is known not to be the last.
    if (length <= wanted) continue;
    const all = Buffer.concat(kept);
    let at = 0;
    for (; all.length - at > wanted; wanted = size) {
      yield { bytes: all.subarray(at, at + wanted), last: false };
      at += wanted;
    }
    kept = [all.subarray(at)];
    length = all.length - at;
  }
  yield { bytes: Buffer.concat(kept), last: true };
}
