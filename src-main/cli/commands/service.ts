/** `playfleet worker install-service`, `uninstall-service` and `print-service`. */
import os from 'node:os';
import process from 'node:process';
import { readAgentConfig, type AgentFlags } from '../../agent/config.ts';
import { installService, printService, uninstallService, type ServiceOptions } from '../../agent/service/service.ts';
import { printLine, type Cli } from '../cli.ts';
import { EXIT } from '../failure.ts';

const ACTIONS = { installService, uninstallService, printService };

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
    say: (line) => printLine(cli, line),
  };
  await ACTIONS[action](options);
  return EXIT.ok;
}

/** The command line that gives these flags again. */
function workerArgs({
  install,
  allowPath = [],
  allowProject = [],
  allowSystemBrowser,
  copySecrets,
  ...flags
}: AgentFlags): string[] {
  const dashed = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return [
    ...Object.entries(flags).flatMap(([name, value]) => [dashed(name), value]),
    ...allowPath.flatMap((folder) => ['--allow-path', folder]),
    ...allowProject.flatMap((name) => ['--allow-project', name]),
    ...(allowSystemBrowser ? ['--allow-system-browser'] : []),
    ...(copySecrets ? ['--copy-secrets'] : []),
    ...(install === false ? ['--no-install'] : []),
  ];
}
