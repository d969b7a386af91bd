/** `playfleet worker install-service`, `uninstall-service` and `print-service`: the service managers' files and commands around the text. */
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { AgentConfig } from '../config.ts';
import { keyFileIn, ownFolder } from '../coordinators.ts';
import { AgentError, EXIT } from '../errors.ts';
import { readKey } from '../key-file.ts';
import {
  LAUNCHD_LABEL,
  launchdPlist,
  SERVICE_NAME,
  systemdUnit,
  windowsCommands,
  type ServiceSpec,
} from './service-text.ts';

export interface ServiceOptions {
  /** The settings that the service will run with. */
  config: Pick<AgentConfig, 'dataDir' | 'drainTimeoutSeconds' | 'environment'>;
  /** The command line behind `playfleet worker`, without what belongs to this command; `--join` is left out. */
  args: string[];
  /** playfleet's own file, absolute. */
  program: string;
  scope: 'user' | 'system';
  platform: NodeJS.Platform;
  home: string;
  uid: number;
  say: (line: string) => void;
}

/** Services stop with the machine: they cannot wait for tests for ever. */
const DEFAULT_DRAIN_SECONDS = 300;

interface Manager {
  file: string;
  text: string;
  /** Commands that make it run, and that end it and make it forgotten. */
  install: string[][];
  uninstall: string[][];
  hint: string;
}

/** The text that `install-service` would write, or what to do where it cannot. */
export function printService(options: ServiceOptions): void {
  const manager = managerOf(options);
  options.say(manager ? `# ${manager.file}\n${manager.text}` : windowsCommands(specOf(options)));
}

/**
 * Writes the service's file, starts it, and has it started with the machine or with the user's session.
 * @throws AgentError where the worker is not enrolled, or the service manager refuses.
 */
export async function installService(options: ServiceOptions): Promise<void> {
  const manager = managerOf(options);
  if (!manager) {
    options.say(windowsCommands(specOf(options)));
    throw new AgentError('on Windows the worker does not install itself: run the commands above', EXIT.cannotStart);
  }
  const { dataDir } = options.config;
  if (!(await readKey(keyFileIn(ownFolder(dataDir))))) {
    const message = `the worker of ${dataDir} is not enrolled yet: run it once with playfleet worker --data ${dataDir} --join URL#TOKEN, stop it with Ctrl-C, and install it then (a token has no place in a service's file)`;
    throw new AgentError(message, EXIT.cannotStart);
  }
  await mkdir(path.dirname(manager.file), { recursive: true });
  await writeFile(manager.file, manager.text);
  for (const command of manager.install) await run(command, options);
  options.say(`installed ${manager.file}\n${manager.hint}`);
}

/** Stops the service (what runs may finish first) and removes its file. */
export async function uninstallService(options: ServiceOptions): Promise<void> {
  const manager = managerOf(options);
  if (!manager) {
    options.say(windowsCommands(specOf(options)));
    throw new AgentError('on Windows the worker does not remove itself: run the last commands above', EXIT.cannotStart);
  }
  const [first = [], ...rest] = manager.uninstall;
  await run(first, options);
  await rm(manager.file, { force: true });
  for (const command of rest) await run(command, options);
  options.say(`removed ${manager.file}; the worker's data stays in ${options.config.dataDir}`);
}

/** Null where there is no service manager that we know how to talk to. */
function managerOf(options: ServiceOptions): Manager | null {
  const { platform, scope, home, uid } = options;
  const isUser = scope === 'user';
  const spec = specOf(options);
  if (platform === 'linux') {
    const folder = isUser ? path.join(home, '.config', 'systemd', 'user') : '/etc/systemd/system';
    const systemctl = (...words: string[]): string[] => ['systemctl', ...(isUser ? ['--user'] : []), ...words];
    return {
      file: path.join(folder, `${SERVICE_NAME}.service`),
      text: systemdUnit(spec),
      install: [systemctl('daemon-reload'), systemctl('enable', '--now', SERVICE_NAME)],
      uninstall: [systemctl('disable', '--now', SERVICE_NAME), systemctl('daemon-reload')],
      hint: isUser
        ? `its log: journalctl --user -u ${SERVICE_NAME} -f\nto run while you are logged out: loginctl enable-linger`
        : `its log: journalctl -u ${SERVICE_NAME} -f`,
    };
  }
  if (platform === 'darwin') {
    const file = path.join(
      isUser ? home : '/',
      'Library',
      isUser ? 'LaunchAgents' : 'LaunchDaemons',
      `${LAUNCHD_LABEL}.plist`,
    );
    const domain = isUser ? `gui/${uid}` : 'system';
    return {
      file,
      text: launchdPlist(spec),
      install: [['launchctl', 'bootstrap', domain, file]],
      uninstall: [['launchctl', 'bootout', `${domain}/${LAUNCHD_LABEL}`]],
      hint: `its log: ${spec.dataDir}/worker.log`,
    };
  }
  return null;
}

function specOf({ config, args, program, scope }: ServiceOptions): ServiceSpec {
  const drainSeconds = config.drainTimeoutSeconds ?? DEFAULT_DRAIN_SECONDS;
  const kept = portable(args, ['--join', '--data', '--drain-timeout'], ['--config', '--project-path', '--allow-path']);
  return {
    node: process.execPath,
    program,
    args: [...kept, '--data', config.dataDir, '--drain-timeout', String(drainSeconds)],
    dataDir: config.dataDir,
    path: config.environment['PATH'] ?? '',
    drainSeconds,
    scope,
  };
}

/** The arguments as they mean the same from any folder; options that are said anew are left out with their values. */
function portable(args: string[], without: string[], paths: string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [name = '', ...rest] = (args[i] ?? '').split('=');
    const takesNext = rest.length === 0 && [...without, ...paths].includes(name);
    const value = takesNext ? args[++i] : rest.join('=');
    if (without.includes(name)) continue;
    if (paths.includes(name)) kept.push(name, path.resolve(value ?? ''));
    else kept.push(args[i] ?? '');
  }
  return kept;
}

async function run([command = '', ...args]: string[], { config }: ServiceOptions): Promise<void> {
  try {
    await promisify(execFile)(command, args, { env: { ...config.environment } });
  } catch (cause) {
    const { stderr, message } = cause as Error & { stderr?: string };
    throw new AgentError(`${command} ${args.join(' ')} failed: ${stderr?.trim() || message}`, EXIT.cannotStart, {
      cause,
    });
  }
}
