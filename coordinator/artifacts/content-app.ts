/**
 * The content origin: reports and traces are foreign code, so they are served from another port, which knows no cookies and no API, under
 * signed, short-lived addresses: `/c/<token>/<path in the tree>` for reports, `/f/<token>/<name>` for single files that tests attached.
 * Playwright's trace viewer needs a service worker, which does not run in a sandboxed page, so the protection of reports is the separate
 * origin, not CSP's sandbox. Attachments need no scripts, so they are sandboxed as well. `/trace/` is the trace viewer by itself, which
 * opens the trace at the address that it is given.
 */
import path from 'node:path';
import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import type { AppEnv } from '../http/env.ts';
import { parseTree, type TreeFile } from '../../shared/protocol/tree.ts';
import { rateLimited, type RateLimits } from '../http/rate-limits.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { createApp, type Router } from '../http/router.ts';
import type { BlobStore } from './blob-store.ts';
import { readContentToken, type ContentClaim } from './content-token.ts';
import { contentTypeOf } from './content-types.ts';
import { serveFile } from './serve-file.ts';
import { traceViewerFiles } from './trace-viewer.ts';
import { readFile } from 'node:fs/promises';

const OCTETS = 'application/octet-stream';
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
/** Of a file that a test attached: to be looked at, without scripts. */
const FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; sandbox";
/** Browsers show no PDF in a sandbox; its scripts know nothing of our pages. */
const PDF_POLICY = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'";
/** Trees whose file lists are kept in memory: a report page asks for many files of one tree. */
const TREES_KEPT = 20;

/** They sign links to trees and links to files. */
export interface ContentKeys {
  trees: Uint8Array;
  files: Uint8Array;
}

export interface ContentAppOptions {
  store: BlobStore;
  keys: ContentKeys;
  clock: Clock;
  /** Shared with the API: who asks here shows no token that a limit could go by, so it is the address. */
  limits: RateLimits;
  hsts: boolean;
  log: Logger;
}

export function createContentApp({ store, keys, clock, limits, hsts, log }: ContentAppOptions): Router {
  const app = createApp({ log, clock, hsts, pathInLog: withoutToken });
  app.use('*', rateLimited(limits));
  const trees = new Map<string, Map<string, TreeFile>>();
  const viewer = traceViewerFiles();
  const claimOf = (token: string, key: Uint8Array): ContentClaim => {
    const claim = readContentToken(token, key, clock.now());
    if (claim) return claim;
    throw new Refusal(403, 'link_expired', 'This link is over or was changed. Open it again from its run.');
  };
  app.get('/c/:token/*', async (c) => {
    const claim = claimOf(c.req.param('token'), keys.trees);
    const files = await filesOf(store, claim.sha256, trees);
    const name = fileName(c.req.path, 3) || 'index.html';
    const file = files.get(name);
    if (!file || file.mode === 'link') throw notFound(`file ${name} in this report`);
    const isViewer = VIEWER.test(name);
    if (name !== VIEWER_WORKER) refuseServiceWorker(c);
    const contentType = contentTypeOf(name);
    const isShown = isViewer || SHOWN.test(contentType);
    const answer = serveFile(c, {
      file: store.pathOf(file.sha256),
      size: file.size,
      etag: file.sha256,
      contentType: isShown ? contentType : OCTETS,
      ...(isShown ? {} : { download: path.posix.basename(name) }),
    });
    return guarded(answer, isViewer ? VIEWER_POLICY : ATTACHMENT_POLICY);
  });
  app.get('/f/:token/:name', async (c) => {
    refuseServiceWorker(c);
    const { sha256 } = claimOf(c.req.param('token'), keys.files);
    const name = fileName(c.req.path, 3);
    const size = await store.sizeOf(sha256);
    if (size === null) throw notFound(`file ${name}: it was removed`);
    const contentType = contentTypeOf(name);
    const isPdf = contentType === 'application/pdf';
    const isShown = isPdf || SHOWN.test(contentType);
    const answer = serveFile(c, {
      file: store.pathOf(sha256),
      size,
      etag: sha256,
      contentType: isShown ? contentType : OCTETS,
      ...(isShown && c.req.query('download') === undefined ? {} : { download: name }),
    });
    // Who has the link may read it, pages of other origins too: the dashboard compares pictures and shows texts.
    answer.headers.set('access-control-allow-origin', '*');
    return guarded(answer, isPdf ? PDF_POLICY : FILE_POLICY);
  });
  app.get('/trace/*', (c) => {
    const name = fileName(c.req.path, 2) || 'index.html';
    const found = viewer.get(name);
    if (!found) throw notFound(`file ${name} of the trace viewer`);
    const answer = guarded(serveFile(c, { ...found, contentType: contentTypeOf(name) }), viewerPolicy(c));
    answer.headers.set('cache-control', 'no-cache');
    return answer;
  });
  return app;
}

function guarded(answer: Response, policy: string): Response {
  answer.headers.set('content-security-policy', policy);
  for (const [header, value] of Object.entries(HEADERS)) answer.headers.set(header, value);
  return answer;
}

function refuseServiceWorker(c: Context<AppEnv>): void {
  if (c.req.header('service-worker') !== undefined)
    throw new Refusal(403, 'forbidden', 'Only the trace viewer may have a service worker here.');
}

/** The dashboard shows it in a frame: the same host, whatever its port. */
function viewerPolicy(c: Context<AppEnv>): string {
  return VIEWER_POLICY.replace("frame-ancestors 'self'", `frame-ancestors 'self' ${new URL(c.req.url).hostname}:*`);
}

/** The token opens the report to whoever reads it. */
const withoutToken = (path: string): string => path.replace(/^\/([cf])\/[^/]*/, '/$1/…');

/** Names are only looked up in the tree, so no spelling of one leads anywhere else. */
function fileName(path: string, from: number): string {
  try {
    return decodeURIComponent(path.split('/').slice(from).join('/'));
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
