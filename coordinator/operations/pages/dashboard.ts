/** The dashboard as it was built (scripts/build-dashboard.ts): one page for all of its addresses, and the files that it names. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../../http/env.ts';
import { notFound } from '../../http/refusal.ts';
import { showPage } from './layout.ts';

export interface DashboardFiles {
  /** The folder that the build wrote. */
  dir: string;
  /** Where attachments and reports come from, as the asking browser reaches it. */
  contentOrigin: (c: Context<AppEnv>) => string;
}

/** Beside the program, or in dist/ where this runs from its source. */
export const BUILT_DASHBOARD = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../../dist/dashboard' : './dashboard', import.meta.url),
);

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Scripts and styles are our own files, or carry the nonce of this one answer. Pictures, videos and traces of tests come from the content origin. */
function policyFor(nonce: string, content: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    `connect-src 'self' ${content}`,
    `img-src 'self' data: blob: ${content}`,
    `media-src 'self' blob: ${content}`,
    `frame-src ${content}`,
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export async function dashboardPage(c: Context<AppEnv>, { dir, contentOrigin }: DashboardFiles): Promise<Response> {
  const page = await readIfThere(path.join(dir, 'index.html'));
  if (page === null) return missingPage(c);
  const nonce = randomBytes(18).toString('base64');
  c.header('content-security-policy', policyFor(nonce, contentOrigin(c)));
  // It names the files of this very version.
  c.header('cache-control', 'no-cache');
  return c.html(page.toString('utf8').replaceAll('"NONCE"', `"${nonce}"`));
}

/** A file with its hash in its name: it never changes, so browsers need not ask again. */
export async function dashboardAsset(c: Context<AppEnv>, { dir }: DashboardFiles): Promise<Response> {
  const name = c.req.param('file') ?? '';
  const type = TYPES[path.extname(name)];
  // Only names that the build makes, so no path can be put together from it.
  if (type === undefined || !/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) throw notFound(`the file ${name}`);
  const etag = `"${name}"`;
  c.header('cache-control', 'public, max-age=31536000, immutable');
  c.header('vary', 'accept-encoding');
  c.header('etag', etag);
  if (c.req.header('if-none-match')?.includes(etag)) return c.body(null, 304);
  const { bytes, encoding } = (await variant(c, path.join(dir, 'assets', name))) ?? {};
  if (!bytes) {
    // A miss is not to be remembered for a year.
    for (const header of ['cache-control', 'etag']) c.header(header, undefined);
    throw notFound(`the file ${name}`);
  }
  if (encoding) c.header('content-encoding', encoding);
  return c.body(new Uint8Array(bytes), 200, { 'content-type': type });
}

const ENCODINGS = [
  { encoding: 'br', extension: '.br' },
  { encoding: 'gzip', extension: '.gz' },
] as const;

async function variant(c: Context<AppEnv>, file: string): Promise<{ bytes: Buffer; encoding?: string } | null> {
  const accepted = (c.req.header('accept-encoding') ?? '').split(',').map((part) => part.trim());
  for (const { encoding, extension } of ENCODINGS) {
    if (
      !accepted.some((part) => part === encoding || (part.startsWith(`${encoding};`) && !/;\s*q=0(\.0*)?$/.test(part)))
    )
      continue;
    const bytes = await readIfThere(file + extension);
    if (bytes) return { bytes, encoding };
  }
  const bytes = await readIfThere(file);
  return bytes && { bytes };
}

function missingPage(c: Context<AppEnv>): Response | Promise<Response> {
  const body = html`<h1>The dashboard is not built</h1>
    <p>This coordinator runs without it; the API and everything else works. From the folder of Playfleet:</p>
    <pre>npm run build</pre>
    <p>
      Then load this page again. Meanwhile: <a href="/account">your account</a>,
      <a href="/api/v1/reference">the API</a>.
    </p>`;
  return showPage(c, { title: 'Dashboard', body, status: 503 });
}

async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
