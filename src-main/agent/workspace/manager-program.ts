/** Finds the program that runs a package manager on this machine. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import { CommandNotFound, runCommand, type CommandResult, type Env } from '../../command/run-command.ts';
import { sha256Of } from '../../transfer/sha256.ts';
import { isSuitable, type Manager } from './package-manager.ts';

export interface Program {
  command: string;
  /** Arguments before the manager's own. */
  args: string[];
  /** For people and for the key of an install. */
  version: string;
}

interface Surroundings {
  /** The folder to install in. */
  cwd: string;
  env: Env;
  as: { uid?: number; gid?: number };
  clock: Clock;
  /** The node that will run the tests. */
  node: { path: string };
  signal: AbortSignal;
}

const VERSION_TIMEOUT_MS = 30_000;

/**
 * A yarn release committed with the project; else the manager on the PATH (perhaps corepack's shim) when its version will do; else the
 * manager fetched as a package through npm, which uses the machine's own registry settings. corepack itself is not called: it has its own
 * idea of the registry and fails where npm works.
 */
export async function findProgram(manager: Manager, around: Surroundings): Promise<Program> {
  const committed = manager.berry ? committedYarn(around.cwd) : null;
  if (committed !== null) {
    const version = `${path.basename(committed)} ${sha256Of(readFileSync(committed)).slice(0, 12)}`;
    return { command: around.node.path, args: [committed], version };
  }
  const version = await versionOnPath(manager.name, around);
  if (version !== null && isSuitable(manager, version)) return { command: manager.name, args: [], version };
  const words = manager.berry ? 'yarn' : manager.name;
  return { command: 'npm', args: ['exec', '--yes', `--package=${manager.spec}`, '--', words], version: manager.spec };
}

/** Runs a package manager; on Windows they are scripts, which only a shell starts. */
export function runManager(
  command: string,
  args: readonly string[],
  options: Omit<Parameters<typeof runCommand>[2], 'shell'>,
): Promise<CommandResult> {
  return runCommand(command, args, { ...options, shell: process.platform === 'win32' });
}

function committedYarn(cwd: string): string | null {
  const settings = path.join(cwd, '.yarnrc.yml');
  if (!existsSync(settings)) return null;
  const named = /^yarnPath: *["']?([^"'\n]+?)["']? *$/m.exec(readFileSync(settings, 'utf8'))?.[1];
  const file = named === undefined ? null : path.join(cwd, named);
  return file !== null && existsSync(file) ? file : null;
}

/** null when it is not there, or does not work there (corepack without its network). */
async function versionOnPath(name: string, around: Surroundings): Promise<string | null> {
  try {
    const result = await runManager(name, ['--version'], {
      cwd: around.cwd,
      env: around.env,
      as: around.as,
      clock: around.clock,
      capture: true,
      timeoutMs: VERSION_TIMEOUT_MS,
      signal: around.signal,
    });
    return result.exitCode === 0 ? result.stdout.toString().trim() : null;
  } catch (error) {
    if (error instanceof CommandNotFound) return null;
    throw error;
  }
}
