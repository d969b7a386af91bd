/** Installs what a project depends on: once per lock file on this machine, and shared from then on. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../../shared/base/clock.ts';
import { CommandNotFound, type Env } from '../../command/run-command.ts';
import { sha256Of } from '../../transfer/sha256.ts';
import { cloneFolder, findModules } from './clone-folder.ts';
import type { Depot } from './depot.ts';
import { WorkspaceError } from './errors.ts';
import { mendOf, tellingLines } from './install-mend.ts';
import { decidingFiles, findInstallRoot } from './install-root.ts';
import { findProgram, runManager, type Program } from './manager-program.ts';
import { installArguments, scriptsOfItsOwn, type Manager } from './package-manager.ts';
import type { TestUser } from '../test-user.ts';
import { shareInstall } from './share-install.ts';

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
  /** As whom package managers run, and whose the folders are then. */
  user: TestUser;
  clock: Clock;
  /** The node that will run the tests: packages are built for it. */
  node: { path: string; version: string };
  /** Name of this machine, for messages. */
  host: string;
  timeoutMs: number;
  /** Whether the machine's owner lets suites' packages be installed; their install scripts are foreign code. */
  allowInstall: boolean;
}

export interface InstallJob {
  /** Top of the checkout, absolute; nothing above it is looked at. */
  top: string;
  /** The project's folder, absolute. */
  project: string;
  onLine: (line: string) => void;
  signal: AbortSignal;
}

/** Makes sure that `project` has its packages. Throws WorkspaceError with the package manager's last words and what to do. */
export async function installDependencies(installer: Installer, job: InstallJob): Promise<void> {
  const root = findInstallRoot(job.project, job.top);
  if (root === null) return;
  const { folder, manager } = root;
  const where = path.relative(job.top, folder).split(path.sep).join('/') || "the source's top folder";
  if (!installer.allowInstall) {
    throw new WorkspaceError(
      'not-allowed',
      `The owner of ${installer.host} does not allow dependencies to be installed there, and those of ${where} are not part of the source.`,
    );
  }
  if (manager.lock === null) {
    job.onLine(`warning: no lock file covers ${where}, so machines may install different versions; commit one`);
  }
  const env = installEnv(installer, job.top);
  const program = await findProgram(manager, {
    ...installer,
    as: installer.user.as,
    env,
    cwd: folder,
    signal: job.signal,
  });
  const install = (signal: AbortSignal): Promise<void> =>
    runInstall({ installer, program, manager, folder, where, env, onLine: job.onLine, signal });

  const files = await decidingFiles(folder);
  const scripted = files.find(({ json }) => scriptsOfItsOwn(json).length > 0);
  if (scripted !== undefined) {
    const scripts = scriptsOfItsOwn(scripted.json).join(', ');
    job.onLine(
      `${scripted.file} has install scripts of its own (${scripts}), so this install serves this source alone`,
    );
  }
  const { user } = installer;
  await user.give(job.top);
  // Another user's folders are not shared: the agent reads nothing there that tests of another source could exchange meanwhile.
  if (scripted !== undefined || user.isOther) return install(job.signal);
  const make = async (dir: string, signal: AbortSignal): Promise<Installed> => {
    await install(signal);
    const folders = await findModules(folder);
    let bytes = 0;
    for (const modules of folders) bytes += await cloneFolder(modules, { from: folder, to: dir });
    return { bytes, folders };
  };
  const contents = files.map(({ file, sha256 }) => [file, sha256]);
  const builtFor = [installer.node.version.split('.')[0], process.platform, process.arch];
  const key = sha256Of(JSON.stringify([manager, program.version, builtFor, contents]));
  await shareInstall(
    installer.depot,
    key,
    make,
    async (held) => {
      job.onLine(
        `the dependencies of ${where} are installed on this machine already (same ${manager.lock ?? 'package.json'})`,
      );
      for (const modules of held.meta.folders) await cloneFolder(modules, { from: held.dir, to: folder });
    },
    job.signal,
  );
}

/** Of an install's output, for the message when it fails. */
const KEPT_LINES = 5000;

interface InstallRun {
  installer: Installer;
  program: Program;
  manager: Manager;
  folder: string;
  where: string;
  env: Env;
  onLine: (line: string) => void;
  signal: AbortSignal;
}

async function runInstall({
  installer,
  program,
  manager,
  folder,
  where,
  env,
  onLine,
  signal,
}: InstallRun): Promise<void> {
  const args = installArguments(manager);
  onLine(`installing the dependencies of ${where} with ${manager.name} (${program.version})`);
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    onLine(line);
  };
  const { timeoutMs, clock } = installer;
  const result = await runManager(program.command, [...program.args, ...args], {
    cwd: folder,
    env,
    as: installer.user.as,
    clock,
    onLine: keep,
    timeoutMs,
    signal,
  }).catch((error: unknown) => {
    if (!(error instanceof CommandNotFound)) throw error;
    const message = `${error.message}, so ${installer.host} cannot install the dependencies of ${where}. npm comes with Node.js.`;
    throw new WorkspaceError('install-failed', message, { cause: error });
  });
  if (result.exitCode === 0) return refusePlugAndPlay(folder);
  const how = result.timedOut
    ? `took longer than ${Math.round(timeoutMs / 1000)} s`
    : `failed (exit code ${result.exitCode})`;
  const mend = result.timedOut
    ? { advice: 'The machine or its network may be too slow.', permanent: false }
    : mendOf(lines);
  const what = `${manager.name} ${args[0]} ${how} on ${installer.host} in ${where}`;
  const said = tellingLines(lines).map((line) => `\n  ${line}`);
  throw new WorkspaceError('install-failed', `${what}. ${mend.advice}${said.join('')}`, { permanent: mend.permanent });
}

function refusePlugAndPlay(folder: string): void {
  if (existsSync(path.join(folder, 'node_modules')) || !existsSync(path.join(folder, '.pnp.cjs'))) return;
  throw new WorkspaceError(
    'install-failed',
    "The project uses Yarn's Plug'n'Play, which Playwright does not support: set `nodeLinker: node-modules` in .yarnrc.yml and commit it.",
    { permanent: true },
  );
}

function installEnv(installer: Installer, top: string): Env {
  // In a production environment, package managers leave out the packages that tests need.
  const { NODE_ENV: _, ...env } = installer.env;
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
