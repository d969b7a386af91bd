/** Keys of publishers, and what they sign. A private key is read and used, never printed, and never leaves this process. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { keyId, signedBytes } from '../../shared/model/update-trust.ts';
import { updateManifest, type UpdateEnvelope, type UpdateManifest } from '../../shared/protocol/update.ts';

/** What is wrong, and how to mend it. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
}

/** A new key: `pem` for whoever keeps it, encrypted where there is a passphrase; `publicKey` for resources/update-keys.json. */
export function makeKey(passphrase: string | null): { pem: string; publicKey: string } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const protection = passphrase === null ? {} : { cipher: 'aes-256-cbc', passphrase };
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', ...protection }) as string;
  return { pem, publicKey: publicKeyOf(privateKey) };
}

/** 32 bytes in base64url. */
export function publicKeyOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
}

/** `from`: where it was found, for the message. */
export function readKey(pem: string, passphrase: string | null, from: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', ...(passphrase === null ? {} : { passphrase }) });
  } catch (error) {
    // Its own message may hold parts of what was read.
    const code = (error as NodeJS.ErrnoException).code ?? 'no reason given';
    throw new ReleaseError(
      `${from} holds no private key that can be opened (${code}): it must be PEM, and its passphrase in PLAYFLEET_UPDATE_PASSPHRASE`,
    );
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new ReleaseError(
      `${from} holds a key of type ${key.asymmetricKeyType ?? 'unknown'}: make one with scripts/release/make-update-key.ts`,
    );
  return key;
}

export function readKeyFrom(file: string, passphrase: string | null): KeyObject {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ReleaseError(`the key ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return readKey(pem, passphrase, file);
}

/** The envelope that goes into the feed. The manifest is checked first: what updaters would not read is not signed. */
export async function signManifest(manifest: UpdateManifest, keys: readonly KeyObject[]): Promise<UpdateEnvelope> {
  const parsed = updateManifest.safeParse(manifest);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ReleaseError(`the manifest's ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
  }
  const text = JSON.stringify(parsed.data, null, 2);
  const signatures = await Promise.all(
    keys.map(async (key) => ({
      key: await keyId(publicKeyOf(key)),
      signature: sign(null, signedBytes(text), key).toString('base64'),
    })),
  );
  return { manifest: text, signatures };
}
