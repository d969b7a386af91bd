/** Reads the certificate that the coordinator is given. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError, type TlsFiles } from './config.ts';
import type { TlsMaterial } from './http/server.ts';

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
