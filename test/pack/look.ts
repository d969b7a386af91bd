/** Looks into a packed app: its files, its asar, what its bundles import, what its binaries are set to. */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { extractAll, listPackage } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { build } from 'esbuild';
import { parse } from 'yaml';
import { root } from '../../scripts/programs.ts';
import { runtimePackages, type Target } from '../../scripts/packaging/runtime-packages.ts';
import { readLock } from '../../scripts/packaging/shipped.ts';
import { same, none } from './check.ts';
import { isAllowed, isAllowedInAsar, isForbidden, leaks } from './contents.ts';

export interface Config {
  electronFuses: Record<string, boolean>;
  publish: { provider: string; url: string }[];
}

export const packagingConfig = async (): Promise<Config> =>
  parse(await readFile(path.join(root, 'electron-builder.yml'), 'utf8')) as Config;

/** Paths of all files below `folder`, with slashes. */
export async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

export async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all((await filesOf(folder)).map((file) => lstat(path.join(folder, file))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/** @throws Error that names files that should not be there. Returns how many there are. */
export async function checkFiles(app: string, electron: readonly string[], target: Target): Promise<string> {
  const { packages } = await readLock();
  const shipped = runtimePackages(packages, target);
  const files = await filesOf(app);
  none(
    files.filter((file) => !isAllowed(file, electron, shipped)),
    'not on the list of what ships',
  );
  none(files.filter(isForbidden), 'sources, maps or secrets');
  none(
    shipped.filter((at) => !files.some((file) => file.startsWith(`resources/playfleet/${at}/`))),
    'missing packages',
  );
  return `${files.length} files, ${shipped.length} packages`;
}

/** Text files of ours in full; what others made is theirs to answer for. Returns how many were read. */
export async function checkSecrets(folders: readonly string[]): Promise<string> {
  const found: string[] = [];
  let read = 0;
  for (const folder of folders) {
    for (const file of await filesOf(folder)) {
      if (!/\.(m?js|cjs|json|html|css|txt|yml|sh)$|^[^.]+$/.test(path.basename(file))) continue;
      read += 1;
      for (const leak of leaks(await readFile(path.join(folder, file), 'utf8'), root)) found.push(`${leak} in ${file}`);
    }
  }
  none(found, 'not for others');
  return `${read} files read`;
}

/** Unpacks the asar into `to` and checks what it holds. */
export async function checkAsar(app: string, to: string): Promise<string> {
  const archive = path.join(app, 'resources/app.asar');
  extractAll(archive, to);
  const files = listPackage(archive, { isPack: false })
    .map((name) => name.split(path.sep).join('/').replace(/^\//, ''))
    .filter((name) => path.extname(name) !== '');
  none(
    files.filter((file) => !isAllowedInAsar(file)),
    'not for the asar',
  );
  none(files.filter(isForbidden), 'sources, maps or secrets');
  const manifest = JSON.parse(await readFile(path.join(to, 'package.json'), 'utf8')) as Record<string, string>;
  if (!files.includes(manifest['main'] ?? '')) throw new Error(`its main file ${manifest['main']} is not in it`);
  none(
    ['scripts', 'devDependencies'].filter((name) => name in manifest),
    'its manifest tells more than it must',
  );
  return `${files.length} files, begins with ${manifest['main']}`;
}

/** What the bundles in `folder` still import from elsewhere, by name. */
export async function importsOf(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => /\.[cm]?js$/.test(name));
  const { metafile } = await build({
    entryPoints: files.map((name) => path.join(folder, name)),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
    outdir: folder,
    logLevel: 'silent',
  });
  const names = Object.values(metafile.inputs).flatMap(({ imports }) =>
    // esbuild's own helpers are called <runtime>.
    imports
      .filter((one) => one.external === true && !isBuiltin(one.path) && !one.path.startsWith('<'))
      .map((one) => one.path),
  );
  return [...new Set(names)].sort();
}

/** The fuses as they are in the binary, by the names of electron-builder.yml. */
export async function checkFuses(binary: string): Promise<string> {
  const { electronFuses } = await packagingConfig();
  const wire = await getCurrentFuseWire(binary);
  const seen = Object.fromEntries(
    Object.keys(electronFuses).map((name) => {
      const option = FuseV1Options[(name[0]!.toUpperCase() + name.slice(1)) as keyof typeof FuseV1Options];
      return [name, wire[option] === FuseState.ENABLE];
    }),
  );
  same(seen, electronFuses);
  return `${Object.keys(seen).length} as configured`;
}

/** The feed's description of this release: every file with the right size and hash. */
export async function checkUpdateInfo(output: string, version: string): Promise<string> {
  const info = parse(await readFile(path.join(output, 'latest-linux.yml'), 'utf8')) as {
    version: string;
    files: { url: string; sha512: string; size: number }[];
  };
  same(info.version, version);
  if (info.files.length === 0) throw new Error('it names no file');
  for (const { url, sha512, size } of info.files) {
    const content = await readFile(path.join(output, url));
    same([sha512, size], [createHash('sha512').update(content).digest('base64'), content.length]);
  }
  return info.files.map(({ url }) => url).join(', ');
}
