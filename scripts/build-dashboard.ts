/**
 * Builds the dashboard (src-renderer/) into dist/dashboard/ with Vite, when its sources have changed: files with their hash in their name,
 * beside them the same compressed, and last the page that names them, so that nobody ever sees half of it.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const squeeze = { br: promisify(brotliCompress), gz: promisify(gzip) };
const BUDGET_BYTES = 200_000;
const COMPRESSED = /\.(js|css|svg|json)$/;
const SOURCES = ['src-renderer', 'shared', 'vite.config.ts', 'package-lock.json'];

export interface DashboardBuild {
  /** Hash of what it was built from. */
  sources: string;
  /** What the first page has to load, gzipped, in bytes. */
  first_load: { js: number; css: number };
}

/** `made`: it was built anew. Throws where the first load has grown over its budget. */
export async function buildDashboard(root: string): Promise<{ built: DashboardBuild; made: boolean }> {
  const out = path.join(root, 'dist/dashboard');
  const sources = await hashOf(root);
  const before = await readBuild(out);
  if (before?.sources === sources) return { built: before, made: false };
  const result = await asUsersGetIt(async () => {
    // Loaded only now: most builds find the dashboard as it was.
    const { build } = await import('vite');
    return build({ configFile: path.join(root, 'vite.config.ts'), build: { write: false } });
  });
  if (!('output' in result)) throw new Error('vite was asked for one build and made several');
  const files = new Map(
    result.output.map((file) => [file.fileName, Buffer.from(file.type === 'chunk' ? file.code : file.source)]),
  );
  const first = firstLoad(result.output);
  const built = {
    sources,
    first_load: { js: await gzipped(files, first.js), css: await gzipped(files, first.css) },
  };
  if (built.first_load.js > BUDGET_BYTES) {
    throw new Error(
      `the dashboard's first load has ${built.first_load.js} bytes of JavaScript gzipped, more than ${BUDGET_BYTES}: load what is not needed at once with import()`,
    );
  }
  await write(out, files, built);
  return { built, made: true };
}

/** Vite and React look at NODE_ENV, which a test runner sets to something else. */
async function asUsersGetIt<T>(build: () => Promise<T>): Promise<T> {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    return await build();
  } finally {
    if (before === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = before;
  }
}

/** `first load 157 kB of JavaScript and 5 kB of CSS, gzipped (at most 200 kB of JavaScript)` */
export function firstLoadText({ first_load: { js, css } }: DashboardBuild): string {
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
  return `first load ${kilobytes(js)} of JavaScript and ${kilobytes(css)} of CSS, gzipped (at most ${kilobytes(BUDGET_BYTES)} of JavaScript)`;
}

type Output = readonly (
  | {
      type: 'chunk';
      fileName: string;
      isEntry: boolean;
      imports: string[];
      viteMetadata?: { importedCss: Set<string> };
    }
  | { type: 'asset'; fileName: string }
)[];

/** The entry with all that it imports before it begins. */
function firstLoad(output: Output): { js: string[]; css: string[] } {
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])));
  const js = new Set<string>();
  const css = new Set<string>();
  const visit = (name: string) => {
    const chunk = chunks.get(name);
    if (!chunk || js.has(name)) return;
    js.add(name);
    chunk.viteMetadata?.importedCss.forEach((file) => css.add(file));
    chunk.imports.forEach(visit);
  };
  for (const [name, chunk] of chunks) if (chunk.isEntry) visit(name);
  return { js: [...js], css: [...css] };
}

async function gzipped(files: ReadonlyMap<string, Buffer>, names: readonly string[]): Promise<number> {
  const sizes = await Promise.all(names.map(async (name) => (await squeeze.gz(files.get(name) ?? '')).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function write(out: string, files: ReadonlyMap<string, Buffer>, built: DashboardBuild): Promise<void> {
  await mkdir(path.join(out, 'assets'), { recursive: true });
  const assets = [...files].filter(([name]) => name.startsWith('assets/'));
  const page = files.get('index.html');
  if (!page) throw new Error('vite made no index.html');
  const fresh = new Set<string>();
  for (const [name, bytes] of assets) {
    for (const [file, contents] of await variants(name, bytes)) {
      fresh.add(path.basename(file));
      await put(path.join(out, file), contents);
    }
  }
  await put(path.join(out, 'index.html'), page);
  await put(path.join(out, 'build.json'), Buffer.from(JSON.stringify(built)));
  const stale = (await readdir(path.join(out, 'assets'))).filter((name) => !fresh.has(name) && !name.endsWith('.part'));
  await Promise.all(stale.map((name) => rm(path.join(out, 'assets', name), { force: true })));
}

async function variants(name: string, bytes: Buffer): Promise<[file: string, contents: Buffer][]> {
  if (!COMPRESSED.test(name)) return [[name, bytes]];
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  return [
    [name, bytes],
    [`${name}.br`, await squeeze.br(bytes, best)],
    [`${name}.gz`, await squeeze.gz(bytes, { level: 9 })],
  ];
}

async function put(file: string, contents: Buffer): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, contents);
  await rename(part, file);
}

async function readBuild(out: string): Promise<DashboardBuild | null> {
  const text = await readFile(path.join(out, 'build.json'), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as DashboardBuild);
}

/** Over names and contents of all that the build may read. */
async function hashOf(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const names = source.includes('.') ? [''] : (await readdir(path.join(root, source), { recursive: true })).sort();
    for (const name of names) {
      const contents = await readFile(path.join(root, source, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EISDIR') return null;
        throw error;
      });
      if (contents !== null) hash.update(`${source}/${name}\0${contents.length}\0`).update(contents);
    }
  }
  return hash.digest('hex');
}
