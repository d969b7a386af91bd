/** Reads JSON bodies: bounded by the bytes that really arrive, valid UTF-8, of the right type, without keys that poison objects. */
import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { isTooDeep, MAX_JSON_DEPTH } from '../../shared/base/json-depth.ts';
import type { AppEnv } from './env.ts';
import { badField, Refusal } from './refusal.ts';

export const DEFAULT_BODY_BYTES = 1024 * 1024;

/** Pieces that a body may come in, whatever its size, and bytes that each further one must have: every piece costs, and one byte can be one. */
const FREE_PIECES = 20_000;
const LEAST_PIECE_BYTES = 512;

const EMPTY = Buffer.alloc(0);
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Puts the text of the body where the framework looks for it. No body counts as `{}`, so that fields may have defaults. */
export function readJsonBody(maxBytes: number): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { incoming } = c.env;
    const bytes = await readBytes(incoming, maxBytes);
    if (bytes.length > 0 && !isJson(incoming.headers['content-type'])) {
      throw new Refusal(415, 'unsupported_media_type', 'Send the body as `content-type: application/json`.');
    }
    const text = bytes.length === 0 ? '{}' : decode(bytes);
    refusePoison(text);
    if (isTooDeep(text)) throw badField('body', `may not nest lists and objects more than ${MAX_JSON_DEPTH} deep`);
    // The framework keeps promises here, whatever the declared type says.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
    // The framework asks the request itself whether there was a body; the stream has been read by now.
    Object.assign(incoming, { rawBody: bytes.length === 0 ? EMPTY : bytes });
    await next();
  };
}

/** All bytes of a request; 413 as soon as they are more than `maxBytes`, whatever the headers claim. */
export async function readBytes(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const claimed = Number(incoming.headers['content-length'] ?? 0);
  if (claimed > maxBytes) throw tooLarge(maxBytes);
  if (claimed === 0 && incoming.headers['transfer-encoding'] === undefined) return EMPTY;
  return new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (then: () => void): void => {
      incoming.off('data', onData).off('end', onEnd).off('close', onCut).off('error', onCut);
      then();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) return settle(() => reject(tooLarge(maxBytes)));
      if (isShredded(chunks.length, size)) return settle(() => reject(shredded()));
      chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    const onCut = (): void => settle(() => reject(bodyCut()));
    incoming.on('data', onData).on('end', onEnd).on('close', onCut).on('error', onCut);
  });
}

/**
 * A body as it arrives, without the copies that a Request would make. Refuses like readBytes. Whoever stops reading early leaves the
 * connection whole, so that the refusal can still be answered on it.
 */
export async function* streamBytes(incoming: IncomingMessage, maxBytes: number): AsyncGenerator<Uint8Array> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  let size = 0;
  let count = 0;
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  try {
    for await (const chunk of chunks) {
      size += chunk.length;
      count += 1;
      if (size > maxBytes) throw tooLarge(maxBytes);
      if (isShredded(count, size)) throw shredded();
      yield chunk;
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? bodyCut() : error;
  }
}

const isShredded = (pieces: number, bytes: number): boolean => pieces > FREE_PIECES + bytes / LEAST_PIECE_BYTES;

function shredded(): Refusal {
  return new Refusal(413, 'too_many_pieces', 'The body comes in far too many small pieces. Send it in larger ones.');
}

export function tooLarge(maxBytes: number): Refusal {
  return new Refusal(413, 'too_large', `The body may have at most ${maxBytes} bytes.`);
}

export function bodyCut(): Refusal {
  return new Refusal(400, 'body_cut', 'The connection ended before the body was complete. Send it again.');
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json *(;|$)/i.test(contentType ?? '');
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Refusal(400, 'invalid_utf8', 'The body is not valid UTF-8.');
  }
}

/** JSON may name a key `__proto__`, which some code would take for the prototype of an object. Escaped spellings count too. */
function refusePoison(text: string): void {
  if (!text.includes('__proto__') && !/\\u005f/i.test(text)) return;
  let found = false;
  try {
    JSON.parse(text, (key, value: unknown) => {
      if (key === '__proto__') found = true;
      return value;
    });
  } catch {
    return; // Not JSON at all: the parser behind this says so.
  }
  if (found) throw badField('__proto__', 'may not be the name of a field');
}
