/**
 * Lays out the programs as they are installed: bundles, the packages that these look for, Node, npm. The same folder goes into the desktop
 * app (beside its asar, because a plain Node cannot read those), into the archive for machines without a screen, and into the containers.
 *
 * `npm run stage -- --to FOLDER [--without-node]` makes it for this machine.
 */
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { root } from '../programs.ts';
import { makeSbom, type Brought } from '../sbom.ts';
import { npmScript, unixLauncher, windowsLauncher } from './launchers.ts';
import { makeNotices } from './notices.ts';
import { runtimePackages, type Target } from './runtime-packages.ts';
import { nameOf, readLock } from './shipped.ts';

export interface StageOptions {
  /** Absolute; made anew. */
  to: string;
  target: Target;
  /** The Node to bring, absolute; null: none, because the place where it goes has one with npm. */
  node: string | null;
}

/** Of what packages bring, nothing at run time asks for these. */
const LEFT_OUT = /\.(map|d\.[cm]?ts|tsbuildinfo)$|[\\/](readme|changelog|history|contributing)[^\\/]*$/i;

/** @throws Error that says what is missing and how to get it. */
export async function stageRuntime({ to, target, node }: StageOptions): Promise<void> {
  if (!existsSync(path.join(root, 'dist/playfleet.mjs'))) throw new Error('nothing is built yet: run npm run build');
  await rm(to, { recursive: true, force: true });
  await mkdir(path.join(to, 'bin'), { recursive: true });
  await copyBundles(path.join(root, 'dist'), path.join(to, 'dist'));
  await copyPackages(to, target);
  await copyFile(path.join(root, 'LICENSE'), path.join(to, 'LICENSE'));
  await copyFile(path.join(root, 'bin/playfleet.mjs'), path.join(to, 'bin/playfleet.mjs'));
  const { name, version, license, description } = JSON.parse(
    await readFile(path.join(root, 'package.json'), 'utf8'),
  ) as Record<string, string>;
  const manifest = { name, version, description, license, private: true, type: 'module' };
  await writeFile(path.join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(path.join(to, 'THIRD-PARTY-NOTICES.txt'), await makeNotices());
  const brought = node === null ? [] : await bringNode(to, target, node);
  await writeFile(path.join(to, 'sbom.cdx.json'), `${JSON.stringify(await makeSbom(brought), null, 2)}\n`);
}

/** The programs and the dashboard; the desktop app's own bundles go into its asar, maps nowhere. */
async function copyBundles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const wanted = entry.isDirectory() ? entry.name === 'dashboard' : /\.[cm]js$/.test(entry.name);
    if (wanted)
      await cp(path.join(from, entry.name), path.join(to, entry.name), { recursive: true, filter: wantedFile });
  }
}

async function copyPackages(to: string, target: Target): Promise<void> {
  const lock = await readLock();
  const folders = runtimePackages(lock.packages, target);
  const missing = folders.filter((at) => !existsSync(path.join(root, at, 'package.json')));
  if (missing.length > 0) {
    const names = missing.map((at) => `${nameOf(at)}@${lock.packages[at]?.version ?? ''}`).join(' ');
    throw new Error(`not installed here: ${names}. Get them with: npm install --no-save --force ${names}`);
  }
  for (const at of folders) {
    const inner = path.join(root, at, 'node_modules');
    await cp(path.join(root, at), path.join(to, at), {
      recursive: true,
      dereference: true,
      // Packages inside a package are folders of their own in the lock file.
      filter: (file) => file !== inner && wantedFile(file),
    });
  }
}

const wantedFile = (file: string): boolean => !LEFT_OUT.test(file);

/** Node and npm as Node's own archives lay them out, and what starts Playfleet with that Node. Returns what was brought. */
async function bringNode(to: string, { platform }: Target, node: string): Promise<Brought[]> {
  const windows = platform === 'win32';
  const folder = path.join(to, 'node');
  const binary = path.join(folder, windows ? 'node.exe' : 'bin/node');
  await mkdir(path.dirname(binary), { recursive: true });
  await copyFile(node, binary);
  await chmod(binary, 0o755);
  await copyFile(await licenceOfNode(), path.join(folder, 'LICENSE'));
  const npm = path.join(folder, windows ? 'node_modules/npm' : 'lib/node_modules/npm');
  const manuals = ['docs', 'man'].map((name) => path.join(runningNpm(), name));
  const needed = (file: string): boolean => !manuals.includes(file) && wantedFile(file);
  await cp(runningNpm(), npm, { recursive: true, dereference: true, filter: needed });
  for (const name of ['npm', 'npx'] as const) {
    const file = path.join(path.dirname(binary), windows ? `${name}.cmd` : name);
    await writeFile(file, npmScript(name, platform), { mode: 0o755 });
  }
  const launcher = path.join(to, 'bin', windows ? 'playfleet.cmd' : 'playfleet');
  await writeFile(launcher, windows ? windowsLauncher : unixLauncher, { mode: 0o755 });
  const ofNpm = JSON.parse(await readFile(path.join(npm, 'package.json'), 'utf8')) as Record<
    'version' | 'license',
    string
  >;
  // For another processor it is the same version: hooks.ts asks for it.
  return [
    { name: 'node', version: process.versions.node, license: 'MIT' },
    { name: 'npm', version: ofNpm.version, license: ofNpm.license },
  ];
}

/** The folder of the npm that runs this: releases are packed by that of the pinned Node. */
function runningNpm(): string {
  const program = process.env['npm_execpath'];
  if (program === undefined) throw new Error('start this by npm, which it packs: npm run package');
  const folder = path.resolve(program, '../..');
  if (!existsSync(path.join(folder, 'node_modules')))
    throw new Error(`${folder} is not the whole of npm: use that of Node's makers`);
  return folder;
}

/** The `node` package installs one of these for the system that it is on; the text is the same for all. */
async function licenceOfNode(): Promise<string> {
  const around = path.join(root, 'node_modules/node/node_modules');
  const name = (await readdir(around)).find((one) => existsSync(path.join(around, one, 'LICENSE')));
  if (name === undefined) throw new Error(`Node's licence is not below ${around}: run npm run setup`);
  return path.join(around, name, 'LICENSE');
}

export const thisMachine = (): Target => {
  const { platform, arch } = process;
  if (!['linux', 'darwin', 'win32'].includes(platform) || !['x64', 'arm64'].includes(arch)) {
    throw new Error(`no packages are made for ${platform}-${arch}`);
  }
  return { platform, arch } as Target;
};

if (import.meta.main) {
  const { values } = parseArgs({ options: { to: { type: 'string' }, 'without-node': { type: 'boolean' } } });
  if (values.to === undefined) throw new Error('say where: --to FOLDER');
  const to = path.resolve(values.to);
  await stageRuntime({ to, target: thisMachine(), node: values['without-node'] ? null : process.execPath });
  console.log(to);
}
