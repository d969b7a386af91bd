/** How a promoted coordinator talks to the one that it stood in for. */
import { createReadStream } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { z } from 'zod';
import { parseJson } from '../../shared/base/parse-json.ts';
import {
  journalAck,
  originView,
  verifyAnswer,
  type JournalAck,
  type JournalBatch,
  type JournalSummary,
  type OriginAnnounce,
  type OriginView,
  type VerifyAnswer,
} from '../../shared/protocol/offline/journal.ts';
import { missingAnswer } from '../../shared/protocol/blobs.ts';
import { pinOf } from '../../shared/protocol/pin.ts';
import { problem } from '../../shared/protocol/rest/common.ts';

export interface Central {
  announce(origin: string, announce: OriginAnnounce): Promise<OriginView>;
  send(origin: string, batch: JournalBatch): Promise<JournalAck>;
  verify(origin: string, summary: JournalSummary): Promise<VerifyAnswer>;
  /** Of these hashes, those that it lacks. */
  missing(hashes: readonly string[]): Promise<string[]>;
  putBlob(sha256: string, file: string, size: number): Promise<void>;
}

/** It answered, and would not: `detail` says why and what to do. Trying again helps where `status` is 429 or above 499. */
export class CentralRefused extends Error {
  override readonly name = 'CentralRefused';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }

  get isPassing(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

export interface CentralAddress {
  /** e.g. https://fleet.example.com:4600 */
  url: string;
  /** A sync credential (pfy_…), or a token of an admin. */
  token: string;
  /** null: the authorities of this system decide. */
  pin: string | null;
}

const TIMEOUT_MS = 60_000;
/** Of an answer. */
const MOST_BYTES = 4 * 1024 * 1024;

export function connectCentral({ url, token, pin }: CentralAddress): Central {
  const ask = async <T extends z.ZodType>(
    method: string,
    path: string,
    body: object,
    answer: T,
  ): Promise<z.infer<T>> => {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
    return answer.parse(
      JSON.parse(await call({ url: `${url}/api/v1${path}`, method, headers, token, pin }, Readable.from([text]))),
    );
  };
  const of = (origin: string) => `/origins/${encodeURIComponent(origin)}`;
  return {
    announce: (origin, announce) => ask('PUT', of(origin), announce, originView),
    send: (origin, batch) => ask('POST', `${of(origin)}/journal`, batch, journalAck),
    verify: (origin, summary) => ask('POST', `${of(origin)}/verify`, summary, verifyAnswer),
    missing: async (hashes) => (await ask('POST', '/blobs/missing', { hashes }, missingAnswer)).missing,
    putBlob: async (sha256, file, size) => {
      const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) };
      await call({ url: `${url}/api/v1/blobs/${sha256}`, method: 'PUT', headers, token, pin }, createReadStream(file));
    },
  };
}

interface Call {
  url: string;
  method: string;
  headers: Record<string, string>;
  token: string;
  pin: string | null;
}

/** The text of the answer. Throws CentralRefused for a problem, and what the connection failed of. A redirect is a refusal: nobody else is shown the token. */
async function call({ url, method, headers, token, pin }: Call, body: Readable): Promise<string> {
  const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
    method,
    headers: { ...headers, accept: 'application/json' },
    timeout: TIMEOUT_MS,
    // Known by its key alone: compared below, before anything is sent.
    ...(pin === null ? {} : { rejectUnauthorized: false, agent: false }),
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).on('error', reject);
    request.once('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
  });
  answered.catch(() => undefined);
  if (pin !== null) await samePin(request, pin);
  request.setHeader('authorization', `Bearer ${token}`);
  // An answer may come before all is sent, e.g. where the disk is full; the failure of the request is told of by `answered`.
  pipeline(body, request).catch(() => undefined);
  const answer = await answered;
  const text = await readText(answer);
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return text;
  const said = problem.safeParse(parseJson(text));
  throw new CentralRefused(status, said.data?.code ?? 'unknown', said.data?.detail ?? `It answered ${status}.`);
}

function samePin(request: ReturnType<typeof httpsRequest>, pin: string): Promise<void> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.once('socket', (socket) =>
      socket.once('secureConnect', () => {
        const key = (socket as TLSSocket).getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
        const seen = key ? pinOf(createHash('sha256').update(key).digest('base64url')) : 'none';
        if (seen === pin) resolve();
        else request.destroy(new Error(`it shows another key (${seen}) than the one that it is known by (${pin})`));
      }),
    );
  });
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error(`its answer has more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
