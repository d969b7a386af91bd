/**
 * The content origin: reports and traces are foreign code, so they are served from another port, which knows no cookies and no API, under
 * signed, short-lived addresses: `/c/<token>/<path in the tree>`. Playwright's trace viewer needs a service worker, which does not run
 * in a sandboxed page, so the protection is the separate origin, not CSP's sandbox.
 */
import path from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import { parseTree, type TreeFile } from '../../shared/protocol/tree.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { createApp, type Router } from '../http/router.ts';
import type { BlobStore } from './blob-store.ts';
import { readContentToken } from './content-token.ts';
import { serveFile } from './serve-file.ts';
import { readFile } from 'node:fs/promises';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webm': 'video/webm',
  '.webmanifest': 'application/manifest+json',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.zip': 'application/zip',
  '.md': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};
/**
 * Reports consist of inline scripts, blobs and workers, so those run; but they reach nothing beyond this origin, the API in particular.
 * No `sandbox`: the trace viewer's service worker would not start.
 */
const REPORT_POLICY =
  "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; form-action 'none'; frame-ancestors 'self'; object-src 'none'";
/** Trees whose file lists are kept in memory: a report page asks for many files of one tree. */
const TREES_KEPT = 20;

export interface ContentAppOptions {
  store: BlobStore;
  key: Uint8Array;
  clock: Clock;
  hsts: boolean;
  log: Logger;
}

export function createContentApp({ store, key, clock, hsts, log }: ContentAppOptions): Router {
  const app = createApp({ log, clock, hsts, pathInLog: withoutToken });
  const trees = new Map<string, Map<string, TreeFile>>();
  app.get('/c/:token/*', async (c) => {
    const claim = readContentToken(c.req.param('token'), key, clock.now());
    if (!claim)
      throw new Refusal(403, 'link_expired', 'This link is over or was changed. Open the report again from its run.');
    const files = await filesOf(store, claim.tree, trees);
    const name = fileName(c.req.path);
    const file = files.get(name);
    if (!file || file.mode === 'link') throw notFound(`file ${name} in this report`);
    const answer = serveFile(c, {
      file: store.pathOf(file.sha256),
      size: file.size,
      etag: file.sha256,
      contentType: TYPES[path.extname(name).toLowerCase()] ?? 'application/octet-stream',
    });
    answer.headers.set('content-security-policy', REPORT_POLICY);
    answer.headers.set('referrer-policy', 'no-referrer');
    answer.headers.set('cross-origin-opener-policy', 'same-origin');
    // Within the life of a link its bytes cannot change, but the link itself must not be kept for ever.
    answer.headers.set('cache-control', 'private, max-age=600');
    return answer;
  });
  return app;
}

/** The token opens the report to whoever reads it. */
const withoutToken = (path: string): string => path.replace(/^\/c\/[^/]*/, '/c/…');

/** Names are only looked up in the tree, so no spelling of one leads anywhere else. */
function fileName(path: string): string {
  try {
    return decodeURIComponent(path.split('/').slice(3).join('/')) || 'index.html';
  } catch {
    throw new Refusal(400, 'bad_request', 'The address is not valid: a % must be followed by two hex digits of UTF-8.');
  }
}

async function filesOf(
  store: BlobStore,
  tree: string,
  kept: Map<string, Map<string, TreeFile>>,
): Promise<Map<string, TreeFile>> {
  const known = kept.get(tree);
  if (known) return known;
  const file = await store.fileOf(tree);
  const parsed = file === null ? null : parseTree(await readFile(file));
  if (!parsed?.tree) throw notFound('such report: it was removed');
  const files = new Map(parsed.tree.files.map((entry) => [entry.path, entry]));
  if (kept.size >= TREES_KEPT) kept.clear();
  kept.set(tree, files);
  return files;
}
