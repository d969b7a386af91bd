/**
 * The content origin: reports and traces are foreign code, so they are served from another port, which knows no cookies and no API, under
 * signed, short-lived addresses: `/c/<token>/<path in the tree>` for reports, `/f/<token>/<name>` for single files that tests attached.
 * Playwright's trace viewer needs a service worker, which does not run in a sandboxed page, so the protection of reports is the separate
 * origin, not CSP's sandbox. Attachments need no scripts, so they are sandboxed as well. `/trace/` is the trace viewer by itself, which
 * opens the trace at the address that it is given.
 */
import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import type { AppEnv } from '../http/env.ts';
import { parseTree, type TreeFile } from '../../shared/protocol/tree.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { createApp, type Router } from '../http/router.ts';
import type { BlobStore } from './blob-store.ts';
import { readContentToken, type ContentClaim } from './content-token.ts';
import { contentTypeOf } from './content-types.ts';
import { serveFile } from './serve-file.ts';
import { traceViewerFiles } from './trace-viewer.ts';
import { readFile } from 'node:fs/promises';

/**
 * Reports consist of inline scripts, blobs and workers, so those run; but they reach nothing beyond this origin, the API in particular.
 * No `sandbox`: the trace viewer's service worker would not start.
 */
const REPORT_POLICY =
  "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; form-action 'none'; frame-ancestors 'self'; object-src 'none'";
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
  /** Browsers reach it by https. */
  secure: boolean;
  log: Logger;
}

export function createContentApp({ store, keys, clock, secure, log }: ContentAppOptions): Router {
  const app = createApp({ log, clock, secure, pathInLog: withoutToken });
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
    const answer = serveFile(c, {
      file: store.pathOf(file.sha256),
      size: file.size,
      etag: file.sha256,
      contentType: contentTypeOf(name),
    });
    return guarded(answer, REPORT_POLICY);
  });
  app.get('/f/:token/:name', async (c) => {
    const { sha256 } = claimOf(c.req.param('token'), keys.files);
    const name = fileName(c.req.path, 3);
    const size = await store.sizeOf(sha256);
    if (size === null) throw notFound(`file ${name}: it was removed`);
    const contentType = contentTypeOf(name);
    const answer = serveFile(c, {
      file: store.pathOf(sha256),
      size,
      etag: sha256,
      contentType,
      ...(c.req.query('download') === undefined ? {} : { download: name }),
    });
    // Who has the link may read it, pages of other origins too: the dashboard compares pictures and shows texts.
    answer.headers.set('access-control-allow-origin', '*');
    return guarded(answer, contentType === 'application/pdf' ? PDF_POLICY : FILE_POLICY);
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
  answer.headers.set('referrer-policy', 'no-referrer');
  answer.headers.set('cross-origin-opener-policy', 'same-origin');
  // Within the life of a link its bytes cannot change, but the link itself must not be kept for ever.
  answer.headers.set('cache-control', 'private, max-age=600');
  return answer;
}

/** The dashboard shows it in a frame: the same host, whatever its port. */
function viewerPolicy(c: Context<AppEnv>): string {
  return REPORT_POLICY.replace("frame-ancestors 'self'", `frame-ancestors 'self' ${new URL(c.req.url).hostname}:*`);
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
