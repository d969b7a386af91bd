/** What the coordinator serves https with: the certificate that it is given, or its own. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../shared/base/clock.ts';
import { ConfigError, type CoordinatorConfig, type TlsFiles } from './config.ts';
import type { TlsMaterial } from './http/server.ts';
import { namesOf, openOwnCertificate, pinOfKey } from './own-certificate.ts';

/** Often enough for a certificate that is renewed months before its end. */
const LOOK_AGAIN_MS = 86_400_000;

export interface ServedTls {
  material: TlsMaterial;
  /** Of its own certificate; a given one is checked by the authorities that clients know. */
  pin: string | null;
  /** What clients see, whosever certificate it is. */
  shownPin: string;
}

/** null: plain HTTP. @throws ConfigError that names the flag and the file. */
export async function openTls(
  { tls, dataDir, host, publicUrl }: Pick<CoordinatorConfig, 'tls' | 'dataDir' | 'host' | 'publicUrl'>,
  now: number,
): Promise<ServedTls | null> {
  if (tls === null) return null;
  if (tls !== 'own') {
    const material = readTls(tls);
    return { material, pin: null, shownPin: pinOfKey(new X509Certificate(material.cert).publicKey) };
  }
  const outer = publicUrl === null ? null : new URL(publicUrl).hostname.replace(/^\[|\]$/g, '');
  const { material, pin } = await openOwnCertificate(path.join(dataDir, 'tls'), namesOf([host, outer]), now);
  return { material, pin, shownPin: pin };
}

export interface RenewalOptions {
  clock: Clock;
  open: (now: number) => Promise<Pick<ServedTls, 'material'> | null>;
  /** Serves new connections with it. */
  use: (material: TlsMaterial) => void;
  report: (error: unknown, during: string) => void;
}

/** Keeps a certificate of its own from ending while the coordinator runs. Returns what ends that. */
export function startRenewing({ clock, open, use, report }: RenewalOptions): () => void {
  let cancel = (): void => {};
  const plan = (): void => {
    cancel = clock.after(LOOK_AGAIN_MS, () => {
      open(clock.now())
        .then((tls) => tls && use(tls.material))
        .catch((error: unknown) => report(error, 'renewing the certificate'));
      plan();
    });
  };
  plan();
  return () => cancel();
}

/** @throws ConfigError that names the flag and what is wrong with its file. */
export function readTls({ cert, key }: TlsFiles): TlsMaterial {
  const material = { cert: readPem('--tls-cert', cert), key: readPem('--tls-key', key) };
  try {
    createSecureContext(material);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(
      `--tls-cert, --tls-key: these do not belong together, or are no PEM files without a password (${why})`,
      { cause },
    );
  }
  return material;
}

function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError(`${flag}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'error'})`, {
      cause,
    });
  }
}
