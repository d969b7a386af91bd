/**
 * How a machine and a coordinator prove to each other that both know a join code, over an encrypted connection to nobody knows whom
 * (docs/decisions/0023-join-codes.md). Both work out one key: a slow hash of the code, salted with the coordinator's salt and the pin of the
 * certificate: of its own on one side, of the one that this very connection shows on the other. Whoever stands in between has another
 * certificate, so both sides have different keys, and nothing that one proves means anything to the other.
 *
 *     machine → coordinator   hello   its nonce
 *     coordinator → machine           salt, challenge
 *     machine → coordinator   prove   lookup, proof of the machine
 *     coordinator → machine           proof of the coordinator, join token sealed
 *
 * The code itself is never sent, nor is anything from which it can be told with less than trying 66 bits through the slow hash.
 */

/** A change of anything here raises it. Costs and lengths are no part of the messages, so that nobody can ask for weaker ones. */
export const JOINING_PROTOCOL = 1;

/** Of scrypt: 64 MiB and a fifth of a second for each guess. */
export const CODE_HASH = { cost: 2 ** 16, blockSize: 8, parallelization: 1, bytes: 32 } as const;

export const NONCE_BYTES = 32;
export const SALT_BYTES = 16;

type Bytes = Uint8Array<ArrayBuffer>;
export type Role = 'machine' | 'coordinator';

/** What both sides have seen of one exchange, as text; each goes into every proof. */
export interface Exchange {
  /** Of the key that the certificate of this connection shows. */
  pin: string;
  /** base64url, as in the messages. */
  salt: string;
  nonce: string;
  challenge: string;
}

/** The salt that the slow hash takes: the coordinator's, bound to the certificate. */
export const hashSalt = (salt: string, pin: string): Bytes =>
  bytesOf(['playfleet join code', JOINING_PROTOCOL, salt, pin]);

/** Names the code towards the coordinator: 128 bits of the key, so that nobody learns more by it than by a proof. */
export async function lookupOf(key: Bytes): Promise<string> {
  return base64url((await mac(key, 'lookup', [])).subarray(0, 16));
}

/** Of whoever has the key and takes part in this exchange in this role. */
export async function proofOf(key: Bytes, role: Role, exchange: Exchange): Promise<string> {
  return base64url(await mac(key, `proof of the ${role}`, transcript(exchange)));
}

/** Compared in constant time. */
export async function isProof(key: Bytes, role: Role, exchange: Exchange, proof: string): Promise<boolean> {
  const given = fromBase64url(proof);
  if (given === null) return false;
  const signer = await macKey(key, `proof of the ${role}`);
  return crypto.subtle.verify('HMAC', signer, given, bytesOf(transcript(exchange)));
}

/** Only who has the key and took part in this exchange opens it. */
export async function sealAnswer(key: Bytes, exchange: Exchange, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = bytesOf(transcript(exchange));
  const sealing = await derived(key, 'answer', { name: 'AES-GCM', length: 256 }, ['encrypt']);
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData },
    sealing,
    new TextEncoder().encode(text),
  );
  return base64url(new Uint8Array([...iv, ...new Uint8Array(sealed)]));
}

/** null for what was sealed with another key, in another exchange, or was changed. */
export async function openAnswer(key: Bytes, exchange: Exchange, sealed: string): Promise<string | null> {
  const bytes = fromBase64url(sealed);
  if (bytes === null || bytes.length < 28) return null;
  const additionalData = bytesOf(transcript(exchange));
  const opening = await derived(key, 'answer', { name: 'AES-GCM', length: 256 }, ['decrypt']);
  try {
    const iv = bytes.subarray(0, 12);
    const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, opening, bytes.subarray(12));
    return new TextDecoder().decode(text);
  } catch {
    return null;
  }
}

export const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');

/** null for what is none. */
export function fromBase64url(text: string): Bytes | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

const transcript = ({ pin, salt, nonce, challenge }: Exchange) => [JOINING_PROTOCOL, pin, salt, nonce, challenge];

/** JSON of a list: no two lists have the same bytes. */
const bytesOf = (parts: readonly (string | number)[]): Bytes => new TextEncoder().encode(JSON.stringify(parts));

const macKey = (key: Bytes, purpose: string): Promise<CryptoKey> =>
  derived(key, purpose, { name: 'HMAC', hash: 'SHA-256', length: 256 }, ['sign', 'verify']);

async function mac(key: Bytes, purpose: string, parts: readonly (string | number)[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', await macKey(key, purpose), bytesOf(parts)));
}

/** A key for one purpose; others tell nothing about it. */
async function derived(
  key: Bytes,
  purpose: string,
  kind: { name: 'HMAC'; hash: string; length: number } | { name: 'AES-GCM'; length: number },
  usages: ('sign' | 'verify' | 'encrypt' | 'decrypt')[],
): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveKey']);
  const info = bytesOf(['playfleet join code', JOINING_PROTOCOL, purpose]);
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
    material,
    kind,
    false,
    usages,
  );
}

type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
