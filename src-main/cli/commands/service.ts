/** `playfleet worker install-service`, `uninstall-service`, `service-status` and `print-service`. */
import os from 'node:os';
import process from 'node:process';
import { readAgentConfig, type AgentFlags } from '../../agent/config.ts';
import {
  installService,
  printService,
  serviceStatus,
  uninstallService,
  type ServiceOptions,
} from '../../agent/service/service.ts';
import { printLine, type Cli } from '../cli.ts';
import { EXIT } from '../failure.ts';

const ACTIONS = { installService, uninstallService, serviceStatus, printService };

export async function serviceCommand(
  cli: Cli,
  action: keyof typeof ACTIONS,
  flags: AgentFlags,
  system: boolean,
): Promise<number> {
  const options: ServiceOptions = {
    config: readAgentConfig(flags),
    args: workerArgs(flags),
    program: process.argv[1] ?? '',
    scope: system ? 'system' : 'user',
    platform: process.platform,
    home: os.homedir(),
    uid: process.getuid?.() ?? 0,
    clock: cli.clock,
    say: (line) => printLine(cli, line),
  };
  return (await ACTIONS[action](options)) === false ? EXIT.failed : EXIT.ok;
}

/** The command line that gives these flags again. */
function workerArgs({
  install,
  updates,
  allowPath = [],
  allowProject = [],
  allowSystemBrowser,
  copySecrets,
  ...flags
}: AgentFlags): string[] {
  const dashed = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return [
    ...Object.entries(flags).flatMap(([name, value]) =>
      value === true ? [dashed(name)] : [dashed(name), String(value)],
    ),
    ...allowPath.flatMap((folder) => ['--allow-path', folder]),
    ...allowProject.flatMap((name) => ['--allow-project', name]),
    ...(allowSystemBrowser ? ['--allow-system-browser'] : []),
    ...(copySecrets ? ['--copy-secrets'] : []),
    ...(install === false ? ['--no-install'] : []),
    ...(updates === false ? ['--no-updates'] : []),
  ];
}
