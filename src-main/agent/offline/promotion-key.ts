/** The key of the only certificate that this machine may stand in with. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pinOf } from '../../../shared/protocol/pin.ts';
import { writeAtomically } from '../atomic-file.ts';

/** Makes it at the first call. `pem`: PKCS #8. */
export async function openPromotionKey(file: string): Promise<{ pem: string; pin: string }> {
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  const key = kept === null ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey : createPrivateKey(kept);
  const pem = String(key.export({ type: 'pkcs8', format: 'pem' }));
  if (kept === null) await writeAtomically(file, pem);
  return { pem, pin: pinOfKey(key) };
}

function pinOfKey(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return pinOf(createHash('sha256').update(spki).digest('base64url'));
}
