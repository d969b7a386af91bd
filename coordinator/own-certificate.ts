/** The certificate that a coordinator makes for itself: a key that stays, because it is what clients know it by, and certificates for it. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { open, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pinOf } from '../shared/protocol/pin.ts';
import { ConfigError } from './config.ts';
import type { TlsMaterial } from './http/server.ts';

const DAY_MS = 86_400_000;
/** The longest that all systems accept where somebody chooses to trust it. */
const LIFE_MS = 825 * DAY_MS;
const RENEW_BEFORE_MS = 90 * DAY_MS;
/** Clocks of others may be behind. */
const BACKDATE_MS = DAY_MS;

export interface OwnCertificate {
  material: TlsMaterial;
  /** Of its key: the same for all its certificates. */
  pin: string;
  /** Made by this call. */
  isNew: boolean;
}

/**
 * The certificate in `folder`, made anew where there is none, where it ends soon, or where it lacks one of `names` (host names and addresses).
 * The key in it is made once.
 * @throws ConfigError where the key is damaged, or others can read it.
 */
export async function openOwnCertificate(
  folder: string,
  names: readonly string[],
  now: number,
): Promise<OwnCertificate> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = await openKey(path.join(folder, 'key.pem'));
  const file = path.join(folder, 'certificate.pem');
  const pem = key.export({ type: 'pkcs8', format: 'pem' });
  const pin = pinOfKey(createPublicKey(key));
  const kept = await readOr(file, null);
  const known = kept && parse(kept);
  if (kept && known?.checkPrivateKey(key) && !mustRenew(known, names, now)) {
    return { material: { cert: kept, key: Buffer.from(pem) }, pin, isNew: false };
  }
  // Loaded only where one is made: it stays in memory.
  const { issueCertificate } = await import('./issue-certificate.ts');
  const cert = issueCertificate(key, names, { notBefore: now - BACKDATE_MS, notAfter: now + LIFE_MS });
  await writeWhole(file, cert, 0o644);
  return { material: { cert, key: Buffer.from(pem) }, pin, isNew: true };
}

/** What clients compare: SHA-256 of the public key. */
export function pinOfKey(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return pinOf(createHash('sha256').update(spki).digest('base64url'));
}

/** Names that a certificate cannot hold are left out: whoever uses the pin does not look at them. */
export function namesOf(hosts: readonly (string | null)[]): string[] {
  const own = Object.values(os.networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ scopeid }) => !scopeid)
    .map(({ address }) => address);
  const all = ['localhost', os.hostname(), '127.0.0.1', '::1', ...own, ...hosts];
  const wildcard = new Set(['0.0.0.0', '::']);
  const usable = all.filter((name) => name !== null && !wildcard.has(name) && (isIP(name) > 0 || HOST.test(name)));
  return [...new Set(usable as string[])];
}

const HOST = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*$/;

function mustRenew(known: X509Certificate, names: readonly string[], now: number): boolean {
  if (Date.parse(known.validTo) - now < RENEW_BEFORE_MS || Date.parse(known.validFrom) > now) return true;
  return names.some((name) => !(isIP(name) > 0 ? known.checkIP(name) : known.checkHost(name)));
}

async function openKey(file: string): Promise<KeyObject> {
  const text = await readOr(file, null);
  if (text === null) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    await writeWhole(file, Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })), 0o600);
    return privateKey;
  }
  const { mode } = await stat(file);
  // Windows has no such bits; there the folder in the user's profile is what protects it.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new ConfigError(
      `--tls: the key ${file} can be read by others: chmod 600 it, or remove it if it may have been copied`,
    );
  }
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new ConfigError(
      `--tls: the key ${file} is damaged. Bring it back from a backup, or remove it: then a new one is made, and workers and people need its new pin`,
      { cause },
    );
  }
}

function parse(pem: Buffer): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

async function readOr<T>(file: string, absent: T): Promise<Buffer | T> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return absent;
    throw error;
  });
}

/** The old text or the new one, never a part, whatever happens meanwhile. */
async function writeWhole(file: string, bytes: Buffer, mode: number): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  {
    await using out = await open(part, 'w', mode);
    await out.writeFile(bytes);
    await out.sync();
  }
  await rename(part, file);
}
