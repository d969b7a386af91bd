/**
 * The one way in which the coordinator calls an address that somebody has set: not into this machine's networks, also not by a name that
 * resolves there at the moment of the call, nor behind a redirect; and no more of an answer is read than anybody needs.
 */
import { lookup as dnsLookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isInside, isInsideAddress, isNeverCalled, plainHost } from './inside.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;
/** Statuses that a Response takes only without a body. */
const BODILESS = new Set([204, 205, 304]);

export interface Found {
  address: string;
  family: number;
}

export interface OutboundOptions {
  /** Hosts that may be inside all the same, as `plainHost` gives them. */
  privateHosts: () => readonly string[];
  /** All addresses of a name; default: the system's. */
  lookup?: (host: string) => Promise<readonly Found[]>;
}

export interface OutboundInit {
  method?: string;
  headers?: Record<string, string>;
  body?: string | URLSearchParams | Uint8Array | null | undefined;
  signal?: AbortSignal | undefined;
}

/** As `fetch`, but redirects are answers, never followed. Rejects with OutboundRefused, or with what the connection failed of. */
export type OutboundFetch = (url: string, init?: OutboundInit) => Promise<Response>;

/** The address is inside, or its answer is too large. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused';
}

export function createOutbound({ privateHosts, lookup = allAddresses }: OutboundOptions): OutboundFetch {
  return async (text, init = {}) => {
    const url = new URL(text);
    const host = plainHost(url.hostname);
    const allowed = privateHosts().includes(host);
    if (!allowed && isInside(host)) throw insideError(host, host);
    // Looked up once: what is checked is what is connected to, whatever the name says a moment later.
    const addresses = isIP(host) === 0 ? await lookup(host) : [{ address: host, family: isIP(host) }];
    const bad = addresses.find(({ address }) => isNeverCalled(address) || (!allowed && isInsideAddress(address)));
    if (bad) throw insideError(host, bad.address);
    if (addresses.length === 0) throw new Error(`${host} has no address`);
    return send(url, init, addresses);
  };
}

function send(url: URL, { method = 'GET', headers = {}, body, signal }: OutboundInit, addresses: readonly Found[]) {
  const lookup: LookupFunction = (_host, options, callback) => {
    if (options.all === true) return callback(null, [...addresses]);
    const { address, family } = addresses[0]!;
    callback(null, address, family);
  };
  const form: Record<string, string> =
    body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' } : {};
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise<Response>((resolve, reject) => {
    const options = { method, headers: { ...form, ...headers }, lookup, agent: false, ...(signal ? { signal } : {}) };
    const outgoing = open(url, options, (incoming) => {
      toResponse(incoming, url).then(resolve, (error: unknown) => {
        outgoing.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body instanceof URLSearchParams ? body.toString() : (body ?? undefined));
  });
}

async function toResponse(incoming: IncomingMessage, { hostname }: URL): Promise<Response> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new OutboundRefused(`${hostname} answers more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  const status = incoming.statusCode ?? 0;
  return new Response(BODILESS.has(status) ? null : Buffer.concat(chunks), { status, headers });
}

const allAddresses = (host: string): Promise<Found[]> => dnsLookup(host, { all: true });

function insideError(host: string, address: string): OutboundRefused {
  const what = host === address ? host : `${host} (${address})`;
  return new OutboundRefused(
    `${what} lies inside this network, where nothing is called unless the setting private_hosts names the host`,
  );
}
