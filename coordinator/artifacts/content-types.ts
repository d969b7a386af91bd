/** What files are, by the end of their names and by what they are said to be. */
import path from 'node:path';

const TYPES: Record<string, string> = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/plain; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.log': 'text/plain; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.mp4': 'video/mp4',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webm': 'video/webm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
  '.zip': 'application/zip',
};

/** Media types without parameters, and the extensions of files that hold them. */
const EXTENSIONS: Record<string, string> = {
  'application/json': 'json',
  'application/pdf': 'pdf',
  'application/xml': 'xml',
  'application/zip': 'zip',
  'image/avif': 'avif',
  'image/gif': 'gif',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/webp': 'webp',
  'text/css': 'css',
  'text/csv': 'csv',
  'text/html': 'html',
  'text/markdown': 'md',
  'text/plain': 'txt',
  'text/xml': 'xml',
  'video/mp4': 'mp4',
  'video/webm': 'webm',
};

/** The type to serve a file with. */
export const contentTypeOf = (name: string): string =>
  TYPES[path.posix.extname(name).toLowerCase()] ?? 'application/octet-stream';

/** Without the dot, for a store that keeps bytes only; empty where neither type nor name tell. */
export function extensionOf({ name, contentType }: { name: string; contentType: string }): string {
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return EXTENSIONS[mediaType] ?? path.posix.extname(name).slice(1);
}

/** A name to save an attachment under: `trace` of a zip becomes `trace.zip`. */
export function fileNameOf(attachment: { name: string; contentType: string }): string {
  const name =
    attachment.name
      .replaceAll(/[^\p{L}\p{N}._ -]+/gu, '-')
      .replace(/^\.+/, '')
      .slice(-120) || 'attachment';
  const extension = extensionOf(attachment);
  return extension === '' || name.toLowerCase().endsWith(`.${extension}`) ? name : `${name}.${extension}`;
}
