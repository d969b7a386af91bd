/** What this machine needs to stand in: the key of the only certificate that it may do so with, and what lets it bring home what it did. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { pinOf } from '../../../shared/protocol/pin.ts';
import { writeAtomically } from '../atomic-file.ts';

/** Makes it at the first call. `pem`: PKCS #8. */
export async function openPromotionKey(file: string): Promise<{ pem: string; pin: string }> {
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  const key =
    kept === null ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey : createPrivateKey(kept);
  const pem = String(key.export({ type: 'pkcs8', format: 'pem' }));
  if (kept === null) await writeAtomically(file, pem);
  return { pem, pin: pinOfKey(key) };
}

function pinOfKey(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return pinOf(createHash('sha256').update(spki).digest('base64url'));
}

/** Of the coordinator at this address alone. */
const sync = z.strictObject({ version: z.literal(1), url: z.string(), secret: z.string() });

export const writeSync = (file: string, { url, secret }: { url: string; secret: string }): Promise<void> =>
  writeAtomically(file, JSON.stringify({ version: 1, url, secret }));

/** null where there is none for it, or none that can be read: then another one is asked for. */
export async function readSync(file: string, url: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  try {
    const kept = sync.parse(JSON.parse(text));
    return kept.url === url ? kept.secret : null;
  } catch {
    return null;
  }
}
