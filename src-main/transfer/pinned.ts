/**
 * Connections to a coordinator that is known by the pin of its key (shared/protocol/pin.ts). Authorities, names and dates of its certificate
 * then say nothing more; the key is compared on each new connection, before anything is sent on it.
 */
import { createHash } from 'node:crypto';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { pinOf } from '../../shared/protocol/pin.ts';

const HANDSHAKE_MS = 15_000;

/** Whoever answers has another key than the coordinator had. */
export class WrongPin extends Error {
  override readonly name = 'WrongPin';
  readonly seen: string;

  constructor(pin: string, seen: string) {
    super(
      `it shows another key (${seen}) than the one that it is known by (${pin}): somebody may be in between, or its key was made anew`,
    );
    this.seen = seen;
  }
}

/** Errors of certificates that no authority known here vouches for. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** True where a connection without a pin failed at a certificate that this system does not trust. */
export function isUntrusted(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (UNTRUSTED.has((one as NodeJS.ErrnoException).code ?? '')) return true;
  }
  return false;
}

/** The WrongPin behind an error; null where another thing failed. */
export function wrongPinIn(error: unknown): WrongPin | null {
  for (let one = error; one instanceof Error; one = one.cause) if (one instanceof WrongPin) return one;
  return null;
}

export const MEND_UNTRUSTED =
  'use the whole link with its pin (TOKEN.pfp_…), or name the file of your own authority in NODE_EXTRA_CA_CERTS';

const agents = new Map<string, https.Agent>();

/** Keeps connections to be used again, as `fetch` does. null: the authorities of this system decide. */
export function agentFor(pin: string | null): https.Agent | undefined {
  if (pin === null) return undefined;
  let agent = agents.get(pin);
  if (!agent) agents.set(pin, (agent = new PinnedAgent(pin)));
  return agent;
}

class PinnedAgent extends https.Agent {
  readonly #pin: string;

  constructor(pin: string) {
    // Sessions are not resumed: then each connection shows its certificate.
    super({ keepAlive: true, maxCachedSessions: 0 });
    this.#pin = pin;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    // Not global, and not the end of checking: the handshake proves the key, and the key is compared below.
    const socket = tls.connect({ ...(options as tls.ConnectionOptions), rejectUnauthorized: false });
    const done = (error: Error | null): void => {
      socket.setTimeout(0).off('error', done).off('timeout', late).off('secureConnect', secure);
      if (error) socket.on('error', () => undefined).destroy();
      callback?.(error, socket);
    };
    const late = (): void => done(new Error(`no encrypted connection within ${HANDSHAKE_MS / 1000} s`));
    const secure = (): void => {
      const seen = pinOfPeer(socket);
      done(seen === this.#pin ? null : new WrongPin(this.#pin, seen));
    };
    socket.setTimeout(HANDSHAKE_MS).once('error', done).once('timeout', late).once('secureConnect', secure);
    return undefined;
  }
}

/**
 * The pin of whoever answers at `url` (https), after the handshake has proven the key. It says who is there, and not that this is who was
 * meant: that must be found out before anything else is sent.
 */
export function seenPin(url: string, timeoutMs: number): Promise<string> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host,
      port: Number(port || 443),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    socket.once('secureConnect', () => {
      resolve(pinOfPeer(socket));
      socket.destroy();
    });
    socket.once('timeout', () => socket.destroy(new Error(`no encrypted connection within ${timeoutMs / 1000} s`)));
    socket.on('error', reject);
  });
}

function pinOfPeer(socket: tls.TLSSocket): string {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  return key ? pinOf(createHash('sha256').update(key).digest('base64url')) : 'none';
}
