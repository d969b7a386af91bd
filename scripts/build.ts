/**
 * Bundles the programs into dist/ with esbuild, so that a start loads a handful of files instead of hundreds. The ESM programs share
 * chunks, so that each command loads only its own part. The dashboard is built beside them (build-dashboard.ts).
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { buildDashboard, firstLoadText } from './build-dashboard.ts';
import { buildDesktop, copyIcons } from './build-desktop.ts';
import { EXTERNAL } from './packaging/runtime-packages.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Process entries: what the file becomes in dist/. */
const programs: Record<string, string> = {
  'playfleet.mjs': 'src-main/cli/main.ts',
  'backup.mjs': 'coordinator/backups/backup-process.ts',
  'merge.mjs': 'coordinator/reports/merge-process.ts',
  'detect-machine.mjs': 'src-main/agent/machine/detect-process.ts',
};
/** These load into any Playwright, hence CommonJS, whole in one file. */
const guests: Record<string, string> = {
  'reporter.cjs': 'src-main/agent/playwright/reporter/run-reporter.ts',
  'discover-reporter.cjs': 'src-main/agent/playwright/reporter/discover-reporter.ts',
  'browser-probe.cjs': 'src-main/agent/playwright/browser-probe.ts',
};

/** Messages of zod in 50 languages, of which one is used: 3.5 MB of memory and a third of its load time in each process. */
const oneLanguage: Plugin = {
  name: 'one-language',
  setup(builder) {
    builder.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
      loader: 'js',
    }));
  },
};

const shared: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  platform: 'node',
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
  outdir: 'dist',
  // Native or resolved at run time by path.
  external: EXTERNAL,
  loader: { '.sql': 'text' },
  plugins: [oneLanguage],
};

export async function buildAll(): Promise<void> {
  const dashboard = buildDashboard(root);
  const built = await Promise.all([
    build({
      ...shared,
      entryPoints: present(programs),
      format: 'esm',
      // Of the pinned Node and those that people have.
      target: 'node22',
      splitting: true,
      // Beside the entries: code finds other programs relative to the file that it is in.
      chunkNames: '[name]-[hash]',
      outExtension: { '.js': '.mjs' },
      // Bundled CommonJS packages still call require() for Node's own modules.
      banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
    }),
    ...buildDesktop(shared),
    // A guest runs on the Node of the suite.
    build({
      ...shared,
      entryPoints: present(guests),
      format: 'cjs',
      target: 'node18',
      outExtension: { '.js': '.cjs' },
    }),
  ]);
  const files = built.flatMap((result) => result.outputFiles ?? []);
  await mkdir(path.join(root, 'dist'), { recursive: true });
  await mkdir(path.join(root, 'dist/desktop'), { recursive: true });
  await Promise.all(files.map((file) => replace(file.path, file.contents)));
  await copyIcons(root);
  const fresh = new Set(['dashboard', 'desktop', ...files.map((file) => path.basename(file.path))]);
  const stale = (await readdir(path.join(root, 'dist'))).filter((name) => !fresh.has(name) && !name.endsWith('.part'));
  await Promise.all(stale.map((name) => rm(path.join(root, 'dist', name), { recursive: true, force: true })));
  const { built: page, made } = await dashboard;
  if (made) process.stderr.write(`dashboard: ${firstLoadText(page)}\n`);
}

/** Entries by their name without extension; a source that does not exist yet is left out. */
function present(entries: Record<string, string>): { in: string; out: string }[] {
  return Object.entries(entries)
    .filter(([, source]) => existsSync(path.join(root, source)))
    .map(([out, source]) => ({ in: source, out: path.parse(out).name }));
}

/** At once, and only when it differs: programs and tests that run from dist/ never see half a file. */
async function replace(file: string, contents: Uint8Array): Promise<void> {
  const before = await readFile(file).catch(() => null);
  if (before?.equals(contents)) return;
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, contents);
  await rename(part, file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
