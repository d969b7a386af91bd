/** `fetch` for a coordinator that is known by a pin: Node's own takes no certificate check of ours. */
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { IncomingMessage } from 'node:http';
import { agentFor } from './pinned.ts';

/** What is asked of `fetch` here. */
export interface FetchInit {
  method?: string;
  headers?: RequestInit['headers'];
  body?: string | AsyncIterable<Uint8Array>;
  /** A redirect is never followed: it would take credentials elsewhere. */
  redirect: 'manual' | 'error';
  signal: AbortSignal;
  duplex?: 'half';
}
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/** null: the authorities of this system decide. */
export function fetchBy(pin: string | null): Fetch {
  return pin === null ? (url, init) => fetch(url, init as RequestInit) : (url, init) => pinnedFetch(pin, url, init);
}

async function pinnedFetch(pin: string, url: string, init: FetchInit): Promise<Response> {
  const { method = 'GET', body, redirect, signal } = init;
  signal.throwIfAborted();
  const headers = Object.fromEntries(new Headers(init.headers));
  const request = https.request(url, { method, headers, agent: agentFor(pin), signal });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error));
  });
  if (body === undefined || typeof body === 'string') request.end(body);
  else {
    // Its failure ends the request, which is where it is told of.
    pipeline(Readable.from(body), request).catch(() => undefined);
  }
  const incoming = await answered;
  const status = incoming.statusCode ?? 0;
  if (redirect === 'error' && status >= 300 && status < 400) {
    incoming.destroy();
    throw new TypeError(`unexpected redirect (${status})`);
  }
  return toResponse(incoming, status);
}

/** These have no body, and Response takes none. */
const EMPTY = new Set([204, 205, 304]);

function toResponse(incoming: IncomingMessage, status: number): Response {
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2)
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '');
  if (EMPTY.has(status)) incoming.resume();
  const body = EMPTY.has(status) ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
  return new Response(body, { status, statusText: incoming.statusMessage ?? '', headers });
}
