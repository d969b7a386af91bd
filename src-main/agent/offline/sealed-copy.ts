/** The warm copy on this machine's disk: packed and sealed with AES-256-GCM. Its key lies elsewhere, and whoever has one of the two has nothing. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { parseJson } from '../../../shared/base/parse-json.ts';
import { WARM_COPY_VERSION, warmCopy, type WarmCopy } from '../../../shared/protocol/offline/warm-copy.ts';
import { syncFolder } from '../atomic-file.ts';
import { openCopyKey, readCopyKey, type CopyKeys } from './copy-key.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MOST_HEAD_BYTES = 1000;
/** Packed, a copy of the largest history has some 10 MB: what is far larger is no copy. */
const MOST_BYTES = 512 * 1024 * 1024;

/** First line of the file, in the clear and bound to the rest. */
const header = z.object({
  playfleet: z.literal('warm copy'),
  version: z.int().min(1),
  origin: z.string(),
  /** Which key sealed it (copy-key.ts). Copies from before that could be given say nothing. */
  key: z.enum(['file', 'given']).default('file'),
});
type Header = z.infer<typeof header>;

/** It cannot be used; the message says why and what to do. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
}

/** With the key that is given, else with the one of the file, which is made where there is none. */
export async function sealCopy(copy: WarmCopy, keys: CopyKeys): Promise<Buffer> {
  const packed = await promisify(gzip)(JSON.stringify(copy), { level: 1 });
  return seal({ version: WARM_COPY_VERSION, origin: copy.origin }, packed, keys);
}

/** @throws CopyError for what is damaged, cut off, of another version, or sealed with a key that is not there. */
export async function openCopy(bytes: Buffer, keys: CopyKeys): Promise<WarmCopy> {
  const { packed } = await unseal(bytes, keys);
  const text = await promisify(gunzip)(packed, { maxOutputLength: MOST_BYTES });
  const copy = warmCopy.safeParse(parseJson(text.toString()));
  if (!copy.success) throw damaged(`it is not whole (${copy.error.issues[0]?.path.join('.') ?? ''})`);
  return copy.data;
}

/** null where there is none. @throws CopyError */
export async function readCopy(file: string, keys: CopyKeys): Promise<WarmCopy | null> {
  const bytes = await readSealed(file);
  return bytes && openCopy(bytes, keys);
}

/** null where there is none. */
export async function readSealed(file: string): Promise<Buffer | null> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** Under the key that is to seal it now; null where that has sealed it already. @throws CopyError where it cannot be opened. */
export async function sealAnew(bytes: Buffer, keys: CopyKeys): Promise<Buffer | null> {
  const { head, packed } = await unseal(bytes, keys);
  return head.key === wantedKey(keys) ? null : seal(head, packed, keys);
}

/** Which key has sealed it, without opening it; null where there is none that could be one. */
export async function sealedBy(file: string): Promise<Header['key'] | null> {
  let bytes: Buffer;
  try {
    await using handle = await open(file, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MOST_HEAD_BYTES), 0, MOST_HEAD_BYTES, 0);
    bytes = buffer.subarray(0, bytesRead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return readHead(bytes).head?.key ?? null;
}

/**
 * Puts sealed bytes in the place of those before, as a whole: durable when this resolves. Under one name until then, unlike writeAtomically: what a kill
 * leaves of a large copy is overwritten by the next one, and does not lie there under a key that is to be forgotten.
 */
export async function writeSealed(file: string, bytes: Buffer): Promise<void> {
  const part = `${file}.part`;
  {
    await using out = await open(part, 'w', 0o600);
    await out.writeFile(bytes);
    await out.sync();
  }
  await rename(part, file);
  await syncFolder(path.dirname(file));
}

const wantedKey = ({ given }: CopyKeys): Header['key'] => (given === null ? 'file' : 'given');

async function seal(about: Pick<Header, 'version' | 'origin'>, packed: Buffer, keys: CopyKeys): Promise<Buffer> {
  const { version, origin } = about;
  const head = `${JSON.stringify({ playfleet: 'warm copy', version, origin, key: wantedKey(keys) })}\n`;
  const nonce = randomBytes(NONCE_BYTES);
  const key = keys.given ?? (await openCopyKey(keys.file));
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(head));
  const sealed = Buffer.concat([cipher.update(packed), cipher.final()]);
  return Buffer.concat([Buffer.from(head), nonce, cipher.getAuthTag(), sealed]);
}

async function unseal(bytes: Buffer, keys: CopyKeys): Promise<{ head: Header; packed: Buffer }> {
  const { head, end } = readHead(bytes);
  if (head === null) throw damaged('it does not begin as one');
  if (head.version !== WARM_COPY_VERSION)
    throw new CopyError(
      `the warm copy is of version ${head.version}, this program reads ${WARM_COPY_VERSION}: use the Playfleet that made it, or let this one make a new copy`,
    );
  const [nonce, tag, sealed] = [
    bytes.subarray(end, end + NONCE_BYTES),
    bytes.subarray(end + NONCE_BYTES, end + NONCE_BYTES + TAG_BYTES),
    bytes.subarray(end + NONCE_BYTES + TAG_BYTES),
  ];
  if (tag.length < TAG_BYTES) throw damaged('it is cut off');
  const decipher = createDecipheriv('aes-256-gcm', await keyOf(head, keys), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bytes.subarray(0, end)).setAuthTag(tag);
  try {
    return { head, packed: Buffer.concat([decipher.update(sealed), decipher.final()]) };
  } catch {
    throw damaged(
      head.key === 'given'
        ? "it was changed or cut off, or the system's safe storage has lost its key"
        : 'it was changed, cut off, or sealed with another key than this machine has',
    );
  }
}

async function keyOf({ key }: Header, { given, file }: CopyKeys): Promise<Uint8Array> {
  if (key === 'given') {
    if (given !== null) return given;
    throw new CopyError(
      "the key of the warm copy is kept by the desktop app of this computer, in the system's safe storage: stand in from the app (its tray, or This computer, Offline)",
    );
  }
  const found = await readCopyKey(file);
  if (found === null) throw damaged(`its key is not at ${file}`);
  return found;
}

/** `end`: where the rest begins. */
function readHead(bytes: Buffer): { head: Header | null; end: number } {
  const end = bytes.indexOf('\n') + 1;
  const head = header.safeParse(parseJson(bytes.subarray(0, Math.min(end, MOST_HEAD_BYTES)).toString()));
  return { head: head.success ? head.data : null, end };
}

const damaged = (how: string): CopyError =>
  new CopyError(`the warm copy cannot be used: ${how}. It is made anew when the coordinator can be reached`);
