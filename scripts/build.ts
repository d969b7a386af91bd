/** Bundles the programs into dist/ with esbuild: one file per process entry, so that a start loads a handful of files instead of hundreds. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Process entries: what the file becomes in dist/, and its module format (reporters load into any Playwright, hence CommonJS). */
const entries: { out: string; source: string; format: 'esm' | 'cjs' }[] = [
  { out: 'playfleet.mjs', source: 'src-main/cli/main.ts', format: 'esm' },
  { out: 'merge.mjs', source: 'coordinator/reports/merge-process.ts', format: 'esm' },
  { out: 'reporter.cjs', source: 'src-main/agent/playwright/reporter/run-reporter.ts', format: 'cjs' },
  { out: 'discover-reporter.cjs', source: 'src-main/agent/playwright/reporter/discover-reporter.ts', format: 'cjs' },
  { out: 'browser-probe.cjs', source: 'src-main/agent/playwright/browser-probe.ts', format: 'cjs' },
];

export async function buildAll(): Promise<void> {
  await rm(path.join(root, 'dist'), { recursive: true, force: true });
  const present = entries.filter((entry) => existsSync(path.join(root, entry.source)));
  await Promise.all(present.map((entry) => build(optionsFor(entry))));
}

function optionsFor(entry: (typeof entries)[number]): BuildOptions {
  const cjs = entry.format === 'cjs';
  return {
    absWorkingDir: root,
    entryPoints: [entry.source],
    outfile: `dist/${entry.out}`,
    bundle: true,
    platform: 'node',
    // A reporter runs on the Node of the suite, the programs on the pinned one.
    target: cjs ? 'node18' : 'node22',
    format: entry.format,
    splitting: false,
    sourcemap: true,
    legalComments: 'none',
    logLevel: 'warning',
    // Native or resolved at run time by path.
    external: ['libsql', 'playwright', 'playwright-core', '@playwright/test', 'systeminformation'],
    loader: { '.sql': 'text' },
    ...(cjs
      ? {}
      : {
          // Bundled CommonJS packages still call require() for Node's own modules.
          banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
        }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
