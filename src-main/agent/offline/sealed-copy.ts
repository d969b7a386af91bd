/** The warm copy on this machine's disk: packed and sealed with AES-256-GCM. Its key lies elsewhere, and whoever has one of the two has nothing. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { parseJson } from '../../../shared/base/parse-json.ts';
import { WARM_COPY_VERSION, warmCopy, type WarmCopy } from '../../../shared/protocol/offline/warm-copy.ts';
import { AgentError, EXIT } from '../errors.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Packed, a copy of the largest history has some 10 MB: what is far larger is no copy. */
const MOST_BYTES = 512 * 1024 * 1024;

/** First line of the file, in the clear and bound to the rest. */
const header = z.object({ playfleet: z.literal('warm copy'), version: z.int().min(1), origin: z.string() });

/** It cannot be used; the message says why and what to do. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
}

export async function sealCopy(copy: WarmCopy, key: Uint8Array): Promise<Buffer> {
  const head = `${JSON.stringify({ playfleet: 'warm copy', version: WARM_COPY_VERSION, origin: copy.origin })}\n`;
  const packed = await promisify(gzip)(JSON.stringify(copy), { level: 1 });
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(head));
  const sealed = Buffer.concat([cipher.update(packed), cipher.final()]);
  return Buffer.concat([Buffer.from(head), nonce, cipher.getAuthTag(), sealed]);
}

/** @throws CopyError for what is damaged, cut off, of another version, or sealed with another key. */
export async function openCopy(bytes: Buffer, key: Uint8Array): Promise<WarmCopy> {
  const end = bytes.indexOf('\n') + 1;
  const head = header.safeParse(parseJson(bytes.subarray(0, Math.min(end, 1000)).toString()));
  if (!head.success) throw damaged('it does not begin as one');
  if (head.data.version !== WARM_COPY_VERSION)
    throw new CopyError(
      `the warm copy is of version ${head.data.version}, this program reads ${WARM_COPY_VERSION}: use the Playfleet that made it, or let this one make a new copy`,
    );
  const [nonce, tag, sealed] = [
    bytes.subarray(end, end + NONCE_BYTES),
    bytes.subarray(end + NONCE_BYTES, end + NONCE_BYTES + TAG_BYTES),
    bytes.subarray(end + NONCE_BYTES + TAG_BYTES),
  ];
  if (tag.length < TAG_BYTES) throw damaged('it is cut off');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bytes.subarray(0, end)).setAuthTag(tag);
  let packed: Buffer;
  try {
    packed = Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    throw damaged('it was changed, cut off, or sealed with another key than this machine has');
  }
  const text = await promisify(gunzip)(packed, { maxOutputLength: MOST_BYTES });
  const copy = warmCopy.safeParse(parseJson(text.toString()));
  if (!copy.success) throw damaged(`it is not whole (${copy.error.issues[0]?.path.join('.') ?? ''})`);
  return copy.data;
}

/** null where there is none. @throws CopyError */
export async function readCopy(file: string, key: () => Promise<Uint8Array>): Promise<WarmCopy | null> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return bytes && openCopy(bytes, await key());
}

/** Makes the key where there is none. @throws AgentError where the file is no key. */
export async function openCopyKey(file: string): Promise<Uint8Array> {
  try {
    await using made = await open(file, 'wx', 0o600);
    const bytes = randomBytes(KEY_BYTES);
    await made.writeFile(bytes);
    await made.sync();
    return bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const bytes = await readFile(file);
  if (bytes.length === KEY_BYTES) return bytes;
  throw new AgentError(`${file} is not the key of a warm copy: remove it, and a new copy is made`, EXIT.cannotStart);
}

const damaged = (how: string): CopyError =>
  new CopyError(`the warm copy cannot be used: ${how}. It is made anew when the coordinator can be reached`);
