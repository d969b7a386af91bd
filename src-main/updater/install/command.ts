/** Machines without a desktop: the owner says by a command how a package is installed. Nothing is installed without one. */
import { spawn } from 'node:child_process';
import type { PackageFormat } from '../../../shared/protocol/update.ts';
import { UpdateError } from '../errors.ts';
import type { CheckedPackage, Installer } from './installer.ts';

export interface CommandInstallerOptions {
  /** For the system's shell; null: updates are only shown. It finds PLAYFLEET_UPDATE_FILE and PLAYFLEET_UPDATE_VERSION in its environment. */
  command: string | null;
  format: PackageFormat;
  environment: Readonly<Record<string, string | undefined>>;
}

const MOST_OUTPUT = 2000;

export function commandInstaller({ command, format, environment }: CommandInstallerOptions): Installer {
  return {
    format,
    cannot: command === null ? 'install it as this one was, or name a command for it with --update-command' : null,
    install: (checked) => run(command ?? '', checked, environment),
    ownPackage: async () => null,
  };
}

async function run(
  command: string,
  { file, version }: CheckedPackage,
  environment: CommandInstallerOptions['environment'],
): Promise<void> {
  const child = spawn(command, {
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, PLAYFLEET_UPDATE_FILE: file, PLAYFLEET_UPDATE_VERSION: version },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-MOST_OUTPUT)));
  const problem = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? null : `it ended with ${code ?? signal ?? 'nothing'}`));
  });
  if (problem !== null)
    throw new UpdateError(
      'install_failed',
      `the update command failed: ${problem}${said.trim() === '' ? '' : ` (${said.trim()})`}`,
    );
}
