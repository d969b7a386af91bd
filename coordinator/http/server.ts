/** A listening HTTP server around an app: WebSocket upgrades by path, and a stop that lets requests finish. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError, type HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../../shared/base/clock.ts';
import { newId } from '../../shared/base/id.ts';
import { MAX_FRAME_BYTES } from '../../shared/protocol/link.ts';
import { holdWrites } from './hold-writes.ts';
import { asRefusal, problemOf, problemResponse } from './problem.ts';
import { Refusal } from './refusal.ts';

/** A connection on which nothing moves for so long is dropped: a body may be slow, but not stand still. */
const SILENCE_MS = 120_000;

/** PEM. */
export interface TlsMaterial {
  cert: Buffer;
  key: Buffer;
}

export interface ServerOptions {
  fetch: (request: Request, env: HttpBindings) => Response | Promise<Response>;
  host: string;
  /** 0 = any free one. */
  port: number;
  /** Left out: plain HTTP. */
  tls?: TlsMaterial | null;
  log: Logger;
  clock: Clock;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** `authenticate` says who asks, or throws a Refusal, which is the answer; then `accept` gets the open socket. */
  onUpgrade<T>(
    path: string,
    authenticate: (request: IncomingMessage) => Promise<T>,
    /** `hold` makes what the socket is given in one turn of the event loop leave together. */
    accept: (socket: WebSocket, who: T, hold: () => void) => void,
  ): void;
  /** New connections get this certificate. */
  useCertificate(material: TlsMaterial): void;
  /** Takes no new connections, lets running requests end for at most `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, EACCES). */
export async function createServer({ fetch, host, port, tls, log, clock }: ServerOptions): Promise<HttpServer> {
  const running = new Set<ServerResponse>();
  const answer = getRequestListener((request, env) => fetch(request, env as HttpBindings), {
    errorHandler: (error) => {
      if (!(error instanceof RequestError)) log.error({ err: error }, 'a request failed outside the app');
      const refusal = error instanceof RequestError ? new Refusal(400, 'bad_request', error.message) : null;
      return problemResponse(refusal, newId(clock.now()));
    },
  });
  let stopping = false;
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    // Which of them counts, another program on the way may see otherwise.
    if ((incoming.headersDistinct['host']?.length ?? 0) > 1) {
      refuseRaw(
        incoming.socket,
        new Refusal(400, 'bad_request', 'The request names more than one host.'),
        newId(clock.now()),
      );
      return;
    }
    running.add(outgoing);
    outgoing.once('close', () => running.delete(outgoing));
    if (stopping) outgoing.setHeader('connection', 'close');
    void answer(incoming, outgoing);
  };
  const patience = { requestTimeout: 0, headersTimeout: 30_000, connectionsCheckingInterval: 10_000 };
  const server = tls
    ? createHttpsServer({ ...patience, ...tls, minVersion: 'TLSv1.2' }, onRequest)
    : createHttpServer(patience, onRequest);
  server.timeout = SILENCE_MS;

  const upgrades = new Map<string, UpgradeHandler>();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => {
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    const handler = upgrades.get((request.url ?? '').split('?')[0] ?? '');
    const done = handler
      ? handler(request, socket, head)
      : Promise.reject(new Refusal(404, 'not_found', 'There is no WebSocket at this address.'));
    done.catch((error: unknown) => {
      const refusal = asRefusal(error);
      if (refusal === null) log.error({ err: error }, 'an upgrade failed');
      refuseRaw(socket, refusal, newId(clock.now()));
    });
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => log.error({ err: error }, 'the server has an error'));
  // What is no HTTP at all, or too much of it, never reaches the app. Without an answer the sender would look for the fault elsewhere.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    log.debug({ err: error }, 'a request could not be read');
    if (socket.writable) refuseRaw(socket, unreadable(error.code), newId(clock.now()));
    else socket.destroy();
  });

  return {
    host,
    port: (server.address() as AddressInfo).port,
    onUpgrade(path, authenticate, accept) {
      upgrades.set(path, async (request, socket, head) => {
        if (stopping) throw new Refusal(503, 'stopping', 'The coordinator is stopping. Try again soon.');
        const who = await authenticate(request);
        if (socket.destroyed) return;
        sockets.handleUpgrade(request, socket, head, (opened) => {
          // Broken frames and connections end in 'close', which is what everybody listens to.
          opened.on('error', (error) => log.debug({ err: error }, 'a WebSocket broke'));
          accept(opened, who, holdWrites(socket));
        });
      });
    },
    useCertificate(material) {
      if ('setSecureContext' in server) server.setSecureContext({ ...material, minVersion: 'TLSv1.2' });
    },
    async stop(graceMs) {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const outgoing of running) if (!outgoing.headersSent) outgoing.setHeader('connection', 'close');
      for (const socket of sockets.clients) socket.close(1001, 'the coordinator stops');
      const cancel = clock.after(graceMs, () => {
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
      });
      await closed;
      cancel();
      sockets.close();
    },
  };
}

function unreadable(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Refusal(431, 'headers_too_large', 'The address and the headers may have at most 16 KiB together.');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Refusal(408, 'request_timeout', 'The request did not arrive in time.');
  return new Refusal(400, 'bad_request', 'This is not a valid HTTP request.');
}

/** Answers on a connection that the app does not know of, and ends it. */
function refuseRaw(socket: Duplex, refusal: Refusal | null, requestId: string): void {
  if (socket.destroyed) return;
  const problem = problemOf(refusal, requestId);
  const body = JSON.stringify(problem);
  const headers = {
    connection: 'close',
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(body)),
    ...refusal?.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}
