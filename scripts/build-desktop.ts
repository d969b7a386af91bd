/** Bundles the desktop app into dist/desktop/: its main process, its preload script, its icons. Everything but Electron is inside: an app package holds no node_modules. */
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { build, type BuildOptions, type BuildResult } from 'esbuild';

/** `shared`: what all bundles have in common. */
export function buildDesktop(shared: BuildOptions): Promise<BuildResult>[] {
  const common: BuildOptions = { ...shared, external: ['electron'], outdir: 'dist/desktop', target: 'node24' };
  return [
    build({
      ...common,
      entryPoints: [{ in: 'src-main/desktop/main.ts', out: 'main' }],
      format: 'esm',
      outExtension: { '.js': '.mjs' },
      banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
    }),
    // A sandboxed preload script is CommonJS, has no Node, and finds Electron alone.
    build({
      ...common,
      entryPoints: [{ in: 'src-main/desktop/preload.ts', out: 'preload' }],
      format: 'cjs',
      platform: 'browser',
      outExtension: { '.js': '.cjs' },
    }),
  ];
}

/** Beside the bundles, where config.ts of the desktop app looks for them. */
export async function copyIcons(root: string): Promise<void> {
  await cp(path.join(root, 'resources/icons/png'), path.join(root, 'dist/desktop/icons'), { recursive: true });
}
