/** Releases for tests: packages with made-up bytes, signed as a publisher does it, and a plain web server that serves a folder. */
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { collectRelease, type ReleaseFacts } from '../../scripts/release/collect.ts';
import { makeKey, publicKeyOf, signManifest } from '../../scripts/release/signing.ts';
import { envelopeName, type UpdateManifest } from '../../shared/protocol/update.ts';

export interface Publisher {
  privateKey: KeyObject;
  publicKey: string;
}

export function newPublisher(): Publisher {
  const privateKey = createPrivateKey(makeKey(null).pem);
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

export interface ReleaseOptions extends Partial<Omit<ReleaseFacts, 'version'>> {
  version: string;
  by: Publisher | readonly Publisher[];
  /** Of the package. */
  bytes?: number;
  /** In place of made-up bytes. */
  content?: Buffer;
  /** Ends of the names of packages. */
  packages?: readonly string[];
  /** When it is signed; the times of the release follow from it. */
  now?: number;
}

export interface PublishedRelease {
  folder: string;
  manifest: UpdateManifest;
  /** Names in the folder. */
  package: string;
  envelope: string;
}

const DAY_MS = 86_400_000;

/** Fills a folder as electron-builder and sign-update do. What was there of another version goes. */
export async function publish(folder: string, options: ReleaseOptions): Promise<PublishedRelease> {
  const {
    version,
    by,
    bytes = 200_000,
    packages = ['linux-amd64.deb'],
    now = Date.now(),
    channel = 'stable',
  } = options;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const names = packages.map((end) => `playfleet-${version}-${end}`);
  const files: { url: string; sha512: string; size: number }[] = [];
  for (const name of names) {
    const content = options.content ?? madeUp(`${name}`, bytes);
    await writeFile(path.join(folder, name), content);
    files.push({ url: name, sha512: createHash('sha512').update(content).digest('base64'), size: content.length });
  }
  await writeFile(path.join(folder, 'latest-linux.yml'), feedText(version, files, now));
  const manifest = await collectRelease(folder, {
    version,
    channel,
    releasedAt: options.releasedAt ?? new Date(now),
    signedAt: options.signedAt ?? new Date(now),
    expiresAt: options.expiresAt ?? new Date(now + 30 * DAY_MS),
    stagedPercent: options.stagedPercent ?? 100,
    minimumVersion: options.minimumVersion ?? '0.1.0',
  });
  await signInto(folder, manifest, by);
  return { folder, manifest, package: names[0] ?? '', envelope: envelopeName(channel) };
}

/** Signs a manifest (again) and writes it into a folder. */
export async function signInto(folder: string, manifest: UpdateManifest, by: ReleaseOptions['by']): Promise<void> {
  const publishers = Array.isArray(by) ? (by as readonly Publisher[]) : [by as Publisher];
  const envelope = await signManifest(
    manifest,
    publishers.map(({ privateKey }) => privateKey),
  );
  await writeFile(path.join(folder, envelopeName(manifest.channel)), JSON.stringify(envelope));
}

/** What electron-builder writes. */
function feedText(
  version: string,
  files: readonly { url: string; sha512: string; size: number }[],
  now: number,
): string {
  const list = files
    .map(({ url, sha512, size }) => `  - url: ${url}\n    sha512: ${sha512}\n    size: ${size}\n`)
    .join('');
  const [first] = files;
  return `version: ${version}\nfiles:\n${list}path: ${first?.url ?? ''}\nsha512: ${first?.sha512 ?? ''}\nreleaseDate: '${new Date(now).toISOString()}'\n`;
}

/** The same for the same seed. */
export function madeUp(seed: string, bytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes; at += 64) blocks.push(createHash('sha512').update(`${seed} ${at}`).digest());
  return Buffer.concat(blocks).subarray(0, bytes);
}

/** Changes one byte in the middle of a file. */
export async function flipByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

export interface StaticFeed {
  url: string;
  /** `GET name`, with ` from N` where a range was asked for. */
  requests: string[];
  /** Breaks the connection after so many bytes of a file; asked at each request. */
  breakAfter: (name: string) => number | null;
  close(): Promise<void>;
}

/** A web server that knows files, ranges and nothing else. */
export async function serveFolder(folder: () => string): Promise<StaticFeed> {
  const feed: StaticFeed = { url: '', requests: [], breakAfter: () => null, close };
  const server = http.createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? '/').slice(1));
    const file = path.join(folder(), path.basename(name));
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    feed.requests.push(`GET ${name}${start > 0 ? ` from ${start}` : ''}`);
    if (name === '' || !existsSync(file)) return void response.writeHead(404).end();
    const { size } = statSync(file);
    if (start >= size) return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    const range = { 'content-range': `bytes ${start}-${size - 1}/${size}` };
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': size - start, ...(start > 0 ? range : {}) });
    const limit = feed.breakAfter(name);
    if (limit === null) return void createReadStream(file, { start }).pipe(response);
    const part = createReadStream(file, { start, end: start + limit - 1 });
    part.pipe(response, { end: false });
    // What was written has left before the connection breaks.
    part.once('end', () => response.write('', () => setTimeout(() => response.destroy(), 20)));
  });
  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  feed.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return feed;
}
