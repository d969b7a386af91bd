/**
 * The content origin: reports and traces are foreign code, so they are served from another port, which knows no cookies and no API, under
 * signed, short-lived addresses: `/c/<token>/<path in the tree>`. Playwright's trace viewer needs a service worker, which does not run
 * in a sandboxed page, so the protection is the separate origin, not CSP's sandbox.
 */
import path from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import { parseTree, type TreeFile } from '../../shared/protocol/tree.ts';
import { rateLimited, type RateLimits } from '../http/rate-limits.ts';
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
/** Shown in place; everything else is saved. As scripts or styles, files that tests have attached are of use to attackers alone. */
const SHOWN = /^(text\/html|text\/plain|image|video|application\/json)/;

/** What Playwright's report program itself consists of; all else (data/…) is what tests have attached, under whatever name and with whatever bytes. */
const VIEWER = /^(index\.html|trace\/)/;
/** The only service worker there is. Any other could ask its browser which reports are open at which addresses, and read them. */
const VIEWER_WORKER = 'trace/sw.bundle.js';

/**
 * Reports consist of inline scripts, blobs and workers, so those run; but they reach nothing beyond this origin, the API in particular.
 * No `sandbox`: the report keeps its settings in the origin's storage, and the trace viewer's service worker would not start.
 */
const VIEWER_POLICY =
  "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; form-action 'none'; base-uri 'self'; frame-ancestors 'self'; object-src 'none'";
/** An attached page may have scripts, and runs as an origin of its own: without cookies, storage, service workers, or the files of any report. */
const ATTACHMENT_POLICY =
  "sandbox allow-scripts; default-src data: blob: 'unsafe-inline' 'unsafe-eval'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; object-src 'none'";

const HEADERS: Record<string, string> = {
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  // Our own pages are on another port of this host, which is the same site.
  'cross-origin-resource-policy': 'same-site',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  // Within the life of a link its bytes cannot change, but the link itself must not be kept for ever.
  'cache-control': 'private, max-age=600',
};
/** Trees whose file lists are kept in memory: a report page asks for many files of one tree. */
const TREES_KEPT = 20;

export interface ContentAppOptions {
  store: BlobStore;
  key: Uint8Array;
  clock: Clock;
  /** Shared with the API: who asks here shows no token that a limit could go by, so it is the address. */
  limits: RateLimits;
  hsts: boolean;
  log: Logger;
}

export function createContentApp({ store, key, clock, limits, hsts, log }: ContentAppOptions): Router {
  const app = createApp({ log, clock, hsts, pathInLog: withoutToken });
  const trees = new Map<string, Map<string, TreeFile>>();
  app.use('*', rateLimited(limits));
  app.get('/c/:token/*', async (c) => {
    const claim = readContentToken(c.req.param('token'), key, clock.now());
    if (!claim)
      throw new Refusal(403, 'link_expired', 'This link is over or was changed. Open the report again from its run.');
    const files = await filesOf(store, claim.tree, trees);
    const name = fileName(c.req.path);
    const file = files.get(name);
    if (!file || file.mode === 'link') throw notFound(`file ${name} in this report`);
    const isViewer = VIEWER.test(name);
    if (c.req.header('service-worker') !== undefined && name !== VIEWER_WORKER)
      throw new Refusal(403, 'forbidden', 'Only the trace viewer may have a service worker here.');
    const contentType = TYPES[path.extname(name).toLowerCase()] ?? 'application/octet-stream';
    const isShown = isViewer || SHOWN.test(contentType);
    const answer = serveFile(c, {
      file: store.pathOf(file.sha256),
      size: file.size,
      etag: file.sha256,
      contentType: isShown ? contentType : 'application/octet-stream',
      ...(isShown ? {} : { download: path.posix.basename(name) }),
    });
    answer.headers.set('content-security-policy', isViewer ? VIEWER_POLICY : ATTACHMENT_POLICY);
    for (const [header, value] of Object.entries(HEADERS)) answer.headers.set(header, value);
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
