/** A real blob store over HTTP, for tests of those who talk to one. It verifies everything, and can be told to misbehave. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeFrames, encodeFrame, FRAMES_TYPE } from '../../shared/protocol/blobs.ts';

export interface BlobServer {
  url: string;
  blobs: Map<string, Buffer>;
  /** `METHOD /path` of every request so far, without the common prefix. */
  requests: string[];
  /** Asked before each request; what it returns is sent instead of the real answer. */
  misbehave: (request: { method: string; path: string; count: number }) => Misbehaviour | undefined;
  close(): Promise<void>;
}

export type Misbehaviour =
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  /** Breaks the connection before answering, or in the middle of the answer. */
  | { kind: 'break'; when: 'before' | 'middle' }
  /** Flips a byte of the answer's body. */
  | { kind: 'damage' }
  /** Takes the request and never answers. */
  | { kind: 'hang' };

const PREFIX = '/api/v1/blobs';

export async function startBlobServer(): Promise<BlobServer> {
  const server: BlobServer = { url: '', blobs: new Map(), requests: [], misbehave: () => undefined, close };
  const listener = http.createServer((request, response) => {
    handle(server, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  async function close(): Promise<void> {
    listener.closeAllConnections();
    await new Promise((resolve) => listener.close(resolve));
  }
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  server.url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return server;
}

async function handle(server: BlobServer, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const path = (request.url ?? '').slice(PREFIX.length);
  const method = request.method ?? '';
  server.requests.push(`${method} ${path}`);
  const bad = server.misbehave({ method, path, count: server.requests.length });
  if (bad?.kind === 'hang') return;
  if (bad?.kind === 'break' && bad.when === 'before') {
    request.socket.destroy();
    return;
  }
  const body = await readAll(request);
  if (bad?.kind === 'status') {
    response
      .writeHead(bad.status, { 'content-type': 'application/problem+json', ...bad.headers })
      .end(bad.body ?? '{}');
    return;
  }
  const answer = await answerTo(server.blobs, method, path, body);
  if (bad?.kind === 'damage' && answer.body.length > 0) answer.body[answer.body.length - 1]! ^= 1;
  response.writeHead(answer.status, { 'content-type': answer.type, 'content-length': answer.body.length });
  if (bad?.kind === 'break')
    response.write(answer.body.subarray(0, answer.body.length / 2), () => request.socket.destroy());
  else response.end(answer.body);
}

interface Answer {
  status: number;
  type: string;
  body: Buffer;
}

async function answerTo(blobs: Map<string, Buffer>, method: string, path: string, body: Buffer): Promise<Answer> {
  const name = path.slice(1);
  if (method === 'POST' && path === '/missing') {
    const { hashes } = JSON.parse(body.toString()) as { hashes: string[] };
    if (hashes.length > 10_000) return json(422, { detail: 'too many hashes' });
    return json(200, { missing: hashes.filter((hash) => !blobs.has(hash)) });
  }
  if (method === 'POST' && path === '/batch') {
    const refused: { sha256: string; reason: string }[] = [];
    for await (const frame of decodeFrames(chunked(body))) {
      if (sha256(frame.bytes) === frame.sha256) blobs.set(frame.sha256, Buffer.from(frame.bytes));
      else refused.push({ sha256: frame.sha256, reason: 'the bytes do not match the hash' });
    }
    return json(200, { refused });
  }
  if (method === 'POST' && path === '/read') {
    const { hashes } = JSON.parse(body.toString()) as { hashes: string[] };
    const found = hashes.flatMap((hash) =>
      blobs.has(hash) ? [encodeFrame({ sha256: hash, bytes: blobs.get(hash)! })] : [],
    );
    return { status: 200, type: FRAMES_TYPE, body: Buffer.concat(found) };
  }
  if (method === 'PUT') {
    if (sha256(body) !== name) return json(422, { detail: 'the bytes do not match the hash' });
    blobs.set(name, body);
    return json(201, {});
  }
  const blob = blobs.get(name);
  if (!blob) return json(404, { detail: 'no such blob' });
  return { status: 200, type: 'application/octet-stream', body: Buffer.from(blob) };
}

function json(status: number, value: unknown): Answer {
  return {
    status,
    type: status < 400 ? 'application/json' : 'application/problem+json',
    body: Buffer.from(JSON.stringify(value)),
  };
}

async function* chunked(body: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += 64 * 1024) yield body.subarray(at, at + 64 * 1024);
}

async function readAll(request: http.IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
