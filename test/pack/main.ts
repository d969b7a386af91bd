/**
 * Packages: `npm run pack:check`. Packs the desktop app for Linux as a folder, a tar.gz and a .deb, with a stand-in for Electron where its
 * binary cannot be fetched, and looks at all that can be seen without it: contents, size, fuses, update metadata; installs the .deb, and
 * runs a suite by what it installed. Prints each figure, then one JSON line; exits 0 only where all of it holds. AppImage, Windows' and
 * macOS' installers need tools of their own systems: the release workflow makes and tries them.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { Arch, build, Platform } from 'electron-builder';
import { buildAll } from '../../scripts/build.ts';
import { EXTERNAL } from '../../scripts/packaging/runtime-packages.ts';
import { smoke, type Command } from '../../scripts/packaging/smoke.ts';
import { root } from '../../scripts/programs.ts';
import { Checks, none, same } from './check.ts';
import { checkInstalled, checkUnit, install, purge, whyNotInstalled } from './deb.ts';
import {
  checkAsar,
  checkFiles,
  checkFuses,
  checkSecrets,
  checkUpdateInfo,
  filesOf,
  importsOf,
  sizeOf,
} from './look.ts';
import { makeStandIn, STAND_IN_FILES, STAND_IN_SAYS } from './stand-in.ts';

/** What Playfleet adds to Electron, unpacked, and the whole .deb with a stand-in: beyond these somebody must have looked. */
const BUDGET = { runtime: 200e6, asar: 5e6, deb: 80e6 };
const target = { platform: 'linux', arch: 'x64' } as const;

if (process.platform !== 'linux' || process.arch !== 'x64')
  throw new Error('packs for Linux on x64, and runs only there');
const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-pack-'));
const output = path.join(folder, 'out');
const app = path.join(output, 'linux-unpacked');
const runtime = path.join(app, 'resources/playfleet');
const deb = path.join(output, `playfleet-${version}-linux-amd64.deb`);
const archive = path.join(output, `playfleet-${version}-linux-x64.tar.gz`);
const notRun: string[] = [
  'AppImage, NSIS, dmg: made and tried by the release workflow',
  "Electron's own binary: a stand-in was packed",
];
const sizes: Record<string, number> = {};
const checks = new Checks();
const started = performance.now();

try {
  await buildAll();
  const sevenZip = findSevenZip();
  if (sevenZip === null) notRun.push('tar.gz: it needs 7za (apt-get install p7zip-full)');
  await checks.check('packs', () => pack(sevenZip));
  if (checks.failed.length === 0) await look(sevenZip !== null);
} finally {
  await rm(folder, { recursive: true, force: true });
  await rm(path.join(root, 'out/stage/linux-x64'), { recursive: true, force: true });
}
for (const what of notRun) console.log(`- not run: ${what}`);
const holds = checks.failed.length === 0;
const seconds = Math.round((performance.now() - started) / 1000);
console.log(
  JSON.stringify({
    pack: { passed: checks.passed, failed: checks.failed, bytes: sizes, seconds, not_run: notRun },
    holds,
  }),
);
// Not by process.exitCode: electron-builder ends the process itself once nothing is left to do, with 0.
process.exit(holds ? 0 : 1);

async function pack(sevenZip: string | null): Promise<string> {
  const electronDist = path.join(folder, 'electron');
  await makeStandIn(electronDist);
  const shim = path.join(folder, 'fpm');
  const program = path.join(import.meta.dirname, 'fpm.ts');
  await writeFile(shim, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 });
  process.env['CUSTOM_FPM_PATH'] = shim;
  // Fast rather than small; how small it gets is for releases.
  process.env['ELECTRON_BUILDER_COMPRESSION_LEVEL'] = '1';
  if (sevenZip !== null) process.env['ELECTRON_BUILDER_7ZIP_PATH'] = sevenZip;
  const made = await build({
    projectDir: root,
    targets: Platform.LINUX.createTarget(['dir', ...(sevenZip === null ? [] : ['tar.gz']), 'deb'], Arch.x64),
    publish: 'never',
    // A release names the address of its repository.
    config: { electronDist, directories: { output }, extraMetadata: { homepage: 'https://playfleet.example' } },
  });
  return made.map((file) => path.basename(file)).join(', ');
}

async function look(hasArchive: boolean): Promise<void> {
  const asar = path.join(folder, 'asar');
  await mkdir(asar);
  await checks.check('holds what ships and nothing else', () => checkFiles(app, STAND_IN_FILES, target));
  await checks.check('its asar holds the bundles of the desktop app alone', () => checkAsar(app, asar));
  await checks.check('holds no secrets and no paths of this machine', () =>
    checkSecrets([asar, path.join(runtime, 'dist'), path.join(runtime, 'bin')]),
  );
  await checks.check('the bundles find all that they import', async () => {
    none(
      (await importsOf(path.join(asar, 'dist/desktop'))).filter((name) => name !== 'electron'),
      'not in the asar',
    );
    const outside = (await importsOf(path.join(runtime, 'dist'))).map(
      (name) => EXTERNAL.find((one) => name === one || name.startsWith(`${one}/`)) ?? name,
    );
    none(
      outside.filter((name) => !EXTERNAL.includes(name)),
      'not beside the programs',
    );
    return outside.join(', ');
  });
  await checks.check('its fuses are set', () => checkFuses(path.join(app, 'playfleet-desktop')));
  await checks.check('what stands in for Electron says so', async () => {
    const { stderr } = spawnSync(path.join(app, 'playfleet-desktop'), { encoding: 'utf8' });
    same(stderr.trim(), STAND_IN_SAYS);
  });
  await checks.check('brings the pinned Node, with npm, and the reporter loads in it', async () => {
    const node = path.join(runtime, 'node/bin/node');
    const ask = (...args: string[]) =>
      execFileSync(args[0]!, args.slice(1), { encoding: 'utf8', env: { PATH: '/nowhere' } }).trim();
    same(ask(node, '--version'), process.version);
    const loads = `const r = require(${JSON.stringify(path.join(runtime, 'dist/reporter.cjs'))}); console.log(typeof (r.default ?? r))`;
    same(ask(node, '-e', loads), 'function');
    return `${process.version}, npm ${execFileSync(path.join(runtime, 'node/bin/npm'), ['--version'], { encoding: 'utf8' }).trim()}`;
  });
  await checks.check('the update metadata is right', () => checkUpdateInfo(output, version));
  await checks.check('is no larger than thought', async () => {
    sizes['runtime'] = await sizeOf(runtime);
    sizes['asar'] = (await readFile(path.join(app, 'resources/app.asar'))).length;
    sizes['deb'] = (await readFile(deb)).length;
    if (hasArchive) sizes['tar.gz'] = (await readFile(archive)).length;
    none(
      Object.entries(BUDGET)
        .filter(([name, most]) => sizes[name]! > most)
        .map(([name]) => name),
      'over the budget',
    );
    return sizes;
  });
  if (hasArchive) {
    await checks.check('the archive holds the same', async () => {
      const listed = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8', maxBuffer: 64e6 }).trim().split('\n');
      // tar names long folders without the slash at their end.
      const isFolder = (name: string) =>
        statSync(path.join(app, name), { throwIfNoEntry: false })?.isDirectory() === true;
      const files = listed.map((name) => name.replace(/^[^/]+\/(\.\/)?/, '')).filter((name) => !isFolder(name));
      // Written for the .deb into the same folder; nobody ships this archive.
      const updating = /^resources\/(app-update\.yml|package-type|apparmor-profile)$/;
      const ours = (all: readonly string[]) => new Set(all.filter((file) => !updating.test(file)));
      const [inArchive, inFolder] = [ours(files), ours(await filesOf(app))];
      none(
        [...inFolder].filter((file) => !inArchive.has(file)),
        'not in the archive',
      );
      none(
        [...inArchive].filter((file) => !inFolder.has(file)),
        'in the archive alone',
      );
      return `${inArchive.size} files`;
    });
  }
  await installed();
}

/** The .deb on this machine where that may be; else what it holds. */
async function installed(): Promise<void> {
  const refusal = whyNotInstalled();
  if (refusal !== null) {
    notRun.push(`installing the .deb: ${refusal}`);
    return runs([path.join(runtime, 'bin/playfleet')]);
  }
  try {
    await checks.check('the .deb installs', async () => install(deb));
    await checks.check('the command, the desktop entry and the user are there', async () => checkInstalled());
    await checks.check('systemd finds nothing wrong with its unit', async () => {
      const unit = checkUnit();
      if (unit === null) notRun.push('systemd-analyze verify: it is not here');
      return unit ?? 'not run';
    });
    await runs(['/usr/bin/playfleet']);
  } finally {
    await checks.check('is removed again', async () => purge());
  }
}

async function runs(command: Command): Promise<void> {
  await checks.check('its worker carries a suite through, by its own Node and npm', async () => {
    const seen = await smoke(command, { searchPath: await pathWithoutNode(path.join(folder, 'tools')) });
    same([seen.exit_code, seen.version, `v${seen.node}`], [0, version, process.version]);
    return seen;
  });
}

/** Every program of this machine but Node and what comes with it, so that none of them can help out. */
async function pathWithoutNode(tools: string): Promise<string> {
  await mkdir(tools);
  for (const name of await readdir('/usr/bin')) {
    if (!/^(node|nodejs|npm|npx|corepack|yarn|pnpm)$/.test(name))
      await symlink(`/usr/bin/${name}`, path.join(tools, name));
  }
  return tools;
}

function findSevenZip(): string | null {
  const find = () =>
    ['7za', '7z'].map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim()).find((at) => at !== '');
  if (find() === undefined && process.getuid?.() === 0) {
    console.log('installing p7zip-full, which packs archives …');
    spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', 'p7zip-full'], { stdio: 'ignore' });
  }
  return find() ?? null;
}
