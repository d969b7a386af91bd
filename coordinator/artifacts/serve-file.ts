/** Serves a file of the store: whole or one range, with an ETag that never changes its meaning. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { Context } from 'hono';

export interface FileAnswer {
  file: string;
  size: number;
  /** The content's SHA-256: bytes under a hash never change, so they may be kept for ever. */
  etag: string;
  contentType: string;
  /** Left out: under this address there are never other bytes. */
  caching?: string;
  /** Name for `content-disposition: attachment`; left out = shown in place. */
  download?: string;
}

export function serveFile(c: Context, answer: FileAnswer): Response {
  const { file, size, etag, contentType, download, caching = 'private, max-age=31536000, immutable' } = answer;
  const headers = new Headers({
    'content-type': contentType,
    'x-content-type-options': 'nosniff',
    etag: `"${etag}"`,
    'cache-control': caching,
    'accept-ranges': 'bytes',
  });
  if (download !== undefined)
    headers.set('content-disposition', `attachment; filename="${download.replace(/[^\w.-]/g, '_')}"`);
  if (c.req.header('if-none-match') === `"${etag}"`) return new Response(null, { status: 304, headers });
  const range = parseRange(c.req.header('range'), size);
  if (range === 'unsatisfiable') {
    headers.set('content-range', `bytes */${size}`);
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  headers.set('content-length', String(end - start + 1));
  if (range) headers.set('content-range', `bytes ${start}-${end}/${size}`);
  const status = range ? 206 : 200;
  if (c.req.method === 'HEAD' || size === 0) return new Response(null, { status, headers });
  const stream = Readable.toWeb(createReadStream(file, { start, end })) as unknown as ReadableStream;
  return new Response(stream, { status, headers });
}

/** One range of bytes; several at once, or other units, are answered with the whole file (RFC 9110 allows that). */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const [, from = '', to = ''] = match;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return start >= size || start > end ? 'unsatisfiable' : { start, end };
}
