/** Installs what a project depends on: once per lock file on this machine, and shared from then on. */
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../../shared/base/clock.ts';
import type { Env } from '../../command/run-command.ts';
import { sha256Of } from '../../transfer/sha256.ts';
import { cloneFolder, findModules } from './clone-folder.ts';
import type { Depot, Held } from './depot.ts';
import { WorkspaceError } from './errors.ts';
import { mendOf } from './install-mend.ts';
import { findProgram, runManager, type Program } from './manager-program.ts';
import { chooseManager, installArguments, LOCK_FILES, scriptsOfItsOwn, type Manager } from './package-manager.ts';

export const installed = z.object({
  /** Sum of the sizes of all installed files. */
  bytes: z.number(),
  /** The node_modules folders, relative to the folder that was installed. */
  folders: z.array(z.string()),
});
export type Installed = z.infer<typeof installed>;

export interface Installer {
  depot: Depot<Installed>;
  env: Env;
  clock: Clock;
  /** The node that will run the tests: packages are built for it. */
  node: { path: string; version: string };
  /** Name of this machine, for messages. */
  host: string;
  timeoutMs: number;
}

interface Job {
  /** Top of the checkout, absolute; nothing above it is looked at. */
  top: string;
  /** The project's folder, absolute. */
  project: string;
  onLine: (line: string) => void;
  signal: AbortSignal;
}

/** Makes sure that `project` has its packages. Throws WorkspaceError with the package manager's last words and what to do. */
export async function installDependencies(installer: Installer, job: Job): Promise<void> {
  const folders = upTo(job.top, job.project);
  const root =
    folders.find((folder) => LOCK_FILES.some((file) => existsSync(path.join(folder, file)))) ??
    folders.find(hasPackageJson);
  if (root === undefined) {
    throw new WorkspaceError(
      'bad-source',
      `There is no package.json in ${nameOf(job.project, job.top)} or above it, so it is not known what the tests depend on.`,
      { permanent: true },
    );
  }
  // Committed packages are meant to be used as they are.
  if (existsSync(path.join(root, 'node_modules'))) return;
  const manager = managerOf(root);
  if (manager.lock === null && !dependsOnAnything(root)) return;
  if (manager.lock === null) {
    job.onLine(
      `warning: ${nameOf(root, job.top)} has no lock file, so machines may install different versions; commit one`,
    );
  }
  const env = installEnv(installer, job.top);
  const program = await findProgram(manager, {
    ...installer,
    env,
    cwd: root,
    nodePath: installer.node.path,
    signal: job.signal,
  });
  const packages = await packageFiles(root);
  const own = packages.filter(({ json }) => scriptsOfItsOwn(json).length > 0);
  if (own.length > 0) {
    job.onLine(
      `${own[0]!.file} has install scripts of its own (${scriptsOfItsOwn(own[0]!.json).join(', ')}), so this install serves this tree alone`,
    );
    return run(installer, program, manager, root, env, job, job.signal);
  }
  const key = sha256Of(
    JSON.stringify([
      manager,
      program.version,
      installer.node.version.split('.')[0],
      process.platform,
      process.arch,
      packages.map(({ file, sha256 }) => [file, sha256]),
    ]),
  );
  const make = async (dir: string, signal: AbortSignal): Promise<Installed> => {
    await run(installer, program, manager, root, env, job, AbortSignal.any([signal, job.signal]));
    const modules = await findModules(root);
    let bytes = 0;
    for (const folder of modules) bytes += await cloneFolder(folder, { from: root, to: dir });
    return { bytes, folders: modules };
  };
  await shareInstall(installer.depot, key, make, job.signal, async (held) => {
    job.onLine(
      `dependencies of ${nameOf(root, job.top)} are installed on this machine already (same ${manager.lock ?? 'package.json'})`,
    );
    for (const folder of held.meta.folders) await cloneFolder(folder, { from: held.dir, to: root });
  });
}

/** Another checkout was making this install and has been given up, its folder with it. */
class GivenUp extends Error {}

/**
 * Installs through `make`, in our own checkout, or takes over with `adopt` what another one has installed. An install whose checkout is
 * given up fails for those who waited for it as well, who then begin again in their own.
 */
async function shareInstall(
  depot: Depot<Installed>,
  key: string,
  make: (dir: string, signal: AbortSignal) => Promise<Installed>,
  signal: AbortSignal,
  adopt: (held: Held<Installed>) => Promise<void>,
): Promise<void> {
  for (;;) {
    const made: Promise<Installed>[] = [];
    const makeHere = (dir: string, stop: AbortSignal): Promise<Installed> => {
      const mine = make(dir, stop).catch((error: unknown) => {
        throw signal.aborted ? new GivenUp('given up', { cause: error }) : error;
      });
      made.push(mine);
      return mine;
    };
    try {
      const held = await depot.use(key, makeHere, signal);
      try {
        if (made.length === 0) await adopt(held);
        return;
      } finally {
        held.release();
      }
    } catch (error) {
      if (!(error instanceof GivenUp) || signal.aborted) throw error;
    } finally {
      // Nothing may still be writing into our checkout when we leave.
      await Promise.allSettled(made);
    }
  }
}

function managerOf(root: string): Manager {
  const manager = chooseManager({
    locks: LOCK_FILES.filter((file) => existsSync(path.join(root, file))),
    packageManager: packageJson(root)?.packageManager as string | undefined,
    lockHead: (file) => readFileSync(path.join(root, file), 'utf8').slice(0, 1000),
  });
  if ('problem' in manager) throw new WorkspaceError('install-failed', manager.problem, { permanent: true });
  return manager;
}

async function run(
  installer: Installer,
  program: Program,
  manager: Manager,
  root: string,
  env: Env,
  job: Job,
  signal: AbortSignal,
): Promise<void> {
  const args = [...program.args, ...installArguments(manager)];
  const typed = `${manager.name} ${installArguments(manager)[0]}`;
  job.onLine(`installing the dependencies of ${nameOf(root, job.top)} with ${manager.name} (${program.version})`);
  const result = await runManager(program.command, args, {
    cwd: root,
    env,
    clock: installer.clock,
    onLine: job.onLine,
    timeoutMs: installer.timeoutMs,
    signal,
  });
  if (result.exitCode === 0) return checkLinker(root);
  const lines = result.lastLines.slice(-20);
  const how = result.timedOut
    ? `took longer than ${Math.round(installer.timeoutMs / 1000)} s`
    : `failed (exit code ${result.exitCode})`;
  const { advice, permanent } = result.timedOut
    ? { advice: 'The machine or its network may be too slow.', permanent: false }
    : mendOf(result.lastLines);
  throw new WorkspaceError(
    'install-failed',
    `${typed} ${how} on ${installer.host} in ${nameOf(root, job.top)}. ${advice}\n${lines.map((line) => `  ${line}`).join('\n')}`,
    { permanent },
  );
}

function checkLinker(root: string): void {
  if (existsSync(path.join(root, 'node_modules')) || !existsSync(path.join(root, '.pnp.cjs'))) return;
  throw new WorkspaceError(
    'install-failed',
    "The project uses Yarn's Plug'n'Play, in which Playwright is not supported: set `nodeLinker: node-modules` in .yarnrc.yml and commit it.",
    { permanent: true },
  );
}

/** Files that decide what an install yields, in a fixed order: all package.json files below `root`, the lock file and settings. */
async function packageFiles(root: string): Promise<{ file: string; sha256: string; json: unknown }[]> {
  const names = new Set([
    ...LOCK_FILES,
    '.npmrc',
    '.yarnrc',
    '.yarnrc.yml',
    'pnpm-workspace.yaml',
    '.pnpmfile.cjs',
    'package.json',
  ]);
  const found: { file: string; sha256: string; json: unknown }[] = [];
  const visit = async (relative: string): Promise<void> => {
    const entries = await readdir(path.join(root, relative), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.posix.join(relative, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') await visit(file);
      else if (entry.isFile() && names.has(entry.name)) {
        const bytes = await readFile(path.join(root, file));
        found.push({
          file,
          sha256: sha256Of(bytes),
          json: entry.name === 'package.json' ? parsed(bytes.toString()) : null,
        });
      }
    }
  };
  await visit('');
  return found;
}

function installEnv(installer: Installer, top: string): Env {
  const { NODE_ENV: _dropped, ...env } = installer.env;
  return {
    ...env,
    PATH: `${path.dirname(installer.node.path)}${path.delimiter}${env.PATH ?? ''}`,
    CI: 'true',
    // Browsers are the worker's business, and hooks have no place in a checkout that is no repository.
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
    HUSKY: '0',
    GIT_CEILING_DIRECTORIES: path.dirname(top),
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    YARN_ENABLE_TELEMETRY: '0',
  };
}

function dependsOnAnything(root: string): boolean {
  const json = packageJson(root);
  return ['dependencies', 'devDependencies', 'optionalDependencies', 'workspaces'].some((field) => {
    const value = json?.[field];
    return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  });
}

function hasPackageJson(folder: string): boolean {
  return existsSync(path.join(folder, 'package.json'));
}

function packageJson(folder: string): Record<string, unknown> | null {
  return hasPackageJson(folder)
    ? (parsed(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Record<string, unknown> | null)
    : null;
}

/** A broken package.json is for the package manager to complain about; fixtures may hold them on purpose. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `folder` and those above it, up to `top`. */
function upTo(top: string, folder: string): string[] {
  return folder === top ? [folder] : [folder, ...upTo(top, path.dirname(folder))];
}

function nameOf(folder: string, top: string): string {
  return path.relative(top, folder).split(path.sep).join('/') || "the project's top folder";
}
