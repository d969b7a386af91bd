/** `playfleet worker install-service`, `uninstall-service`, `service-status` and `print-service`: the managers' files and commands around the text. */
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../../shared/base/clock.ts';
import type { AgentConfig } from '../config.ts';
import { drainByFile } from '../control/drain-file.ts';
import { keyFileIn } from '../coordinators/folders.ts';
import { ownFolder } from '../coordinators/remembered.ts';
import { AgentError, EXIT } from '../errors.ts';
import { readKey } from '../key-file.ts';
import {
  LAUNCHD_LABEL,
  launchdPlist,
  SERVICE_NAME,
  systemdUnit,
  whyFleeting,
  WINDOWS_ACCOUNT,
  WINDOWS_TASK,
  windowsTask,
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
  clock: Clock;
  say: (line: string) => void;
}

/** Services stop with the machine: they cannot wait for tests for ever. */
const DEFAULT_DRAIN_SECONDS = 300;
/** What a worker takes to end, beyond the time in which what runs may finish. */
const END_MS = 60_000;

interface Manager {
  file: string;
  text: string;
  encoding?: 'utf16le';
  /** Commands that make it run, and that end it and make it forgotten. */
  install: string[][];
  uninstall: string[][];
  /** Where the manager ends it without a word: keeps it from being started again, so that it can be asked to finish before that. */
  hold?: string[];
  /** Prints how it does; succeeds only while it is installed and, where the manager knows, running. */
  status: string[];
  hint: string;
}

/** Says the text that `install-service` would write, and where. */
export function printService(options: ServiceOptions): void {
  const { file, text } = managerOf(options);
  options.say(`# ${file}\n${text}`);
}

/**
 * Writes the service's file, starts it, and has it started with the machine or with the user's session.
 * @throws AgentError where the worker is not enrolled, or the service manager refuses.
 */
export async function installService(options: ServiceOptions): Promise<void> {
  const manager = managerOf(options);
  const fleeting = whyFleeting(options.program);
  if (fleeting !== null) throw new AgentError(fleeting, EXIT.cannotStart);
  const { dataDir } = options.config;
  if (!(await readKey(keyFileIn(ownFolder(dataDir))))) {
    const message = `the worker of ${dataDir} is not enrolled yet: run it once with playfleet worker --data ${dataDir} --join URL#TOKEN, stop it with Ctrl-C, and install it then (a token has no place in a service's file)`;
    throw new AgentError(message, EXIT.cannotStart);
  }
  await mkdir(path.dirname(manager.file), { recursive: true });
  // Task Scheduler reads no other Unicode than this, and knows it by its first character.
  await writeFile(manager.file, manager.encoding ? `\uFEFF${manager.text}` : manager.text, manager.encoding ?? 'utf8');
  for (const command of manager.install) await run(command, options);
  options.say(`installed ${manager.file}\n${manager.hint}`);
}

/** Stops the service (what runs may finish first) and removes its file. */
export async function uninstallService(options: ServiceOptions): Promise<void> {
  const manager = managerOf(options);
  if (manager.hold) {
    await run(manager.hold, options);
    await finish(options);
  }
  const [first = [], ...rest] = manager.uninstall;
  await run(first, options);
  await rm(manager.file, { force: true });
  for (const command of rest) await run(command, options);
  options.say(`removed ${manager.file}; the worker's data stays in ${options.config.dataDir}`);
}

async function finish(options: ServiceOptions): Promise<void> {
  const { config, clock, say } = options;
  const { drainSeconds } = specOf(options);
  say(`the worker finishes what it runs, for at most ${drainSeconds} s`);
  const hasEnded = await drainByFile(config.dataDir, drainSeconds * 1000 + END_MS, clock);
  if (!hasEnded) say('it has not ended by then; it is ended now, and what it ran is done again elsewhere');
}

/** Says what the service manager knows of it. Resolves with whether it is installed and runs. */
export async function serviceStatus(options: ServiceOptions): Promise<boolean> {
  const [command = '', ...args] = managerOf(options).status;
  const told = await promisify(execFile)(command, args, { env: { ...options.config.environment } }).then(
    ({ stdout }) => ({ runs: true, text: stdout }),
    (cause: Error & { code?: unknown; stdout?: string; stderr?: string }) => {
      // Managers say by their exit code that it does not run; anything else means that they could not be asked.
      if (typeof cause.code !== 'number') throw failure([command, ...args], cause);
      return { runs: false, text: `${cause.stdout ?? ''}${cause.stderr ?? ''}` };
    },
  );
  options.say(told.text.trimEnd());
  return told.runs;
}

/** @throws AgentError where there is no service manager that we know how to talk to. */
function managerOf(options: ServiceOptions): Manager {
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
      status: systemctl('--no-pager', 'status', SERVICE_NAME),
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
      status: ['launchctl', 'print', `${domain}/${LAUNCHD_LABEL}`],
      hint: `its log: ${spec.dataDir}/worker.log`,
    };
  }
  if (platform === 'win32') {
    if (isUser) {
      throw new AgentError(
        'on Windows a service runs for the whole machine: add --system, in a terminal of an administrator. For yourself alone, use the desktop app, which starts when you log in',
        EXIT.cannotStart,
      );
    }
    const { dataDir } = spec;
    const file = path.join(dataDir, 'service.xml');
    return {
      file,
      text: windowsTask({ ...spec, args: [...spec.args, '--log-file', path.join(dataDir, 'worker.log')] }),
      encoding: 'utf16le',
      install: [
        // The account of services must be able to start the program, and to use what the enrolment has put there.
        ['icacls', path.resolve(spec.program, '../..'), '/grant', `*${WINDOWS_ACCOUNT}:(OI)(CI)RX`, '/T', '/Q'],
        ['icacls', dataDir, '/grant', `*${WINDOWS_ACCOUNT}:(OI)(CI)M`, '/T', '/Q'],
        ['schtasks', '/Create', '/F', '/TN', WINDOWS_TASK, '/XML', file],
      ],
      hold: ['schtasks', '/Change', '/TN', WINDOWS_TASK, '/DISABLE'],
      uninstall: [
        ['schtasks', '/End', '/TN', WINDOWS_TASK],
        ['schtasks', '/Delete', '/F', '/TN', WINDOWS_TASK],
      ],
      status: ['schtasks', '/Query', '/V', '/FO', 'LIST', '/TN', WINDOWS_TASK],
      hint: `its log: ${path.join(dataDir, 'worker.log')}\nuninstall-service lets it finish first; Task Scheduler and a shutdown of Windows end it at once`,
    };
  }
  throw new AgentError(`there is no service manager on ${platform} that Playfleet knows`, EXIT.cannotStart);
}

function specOf({ config, args, program, scope }: ServiceOptions): ServiceSpec {
  const drainSeconds = config.drainTimeoutSeconds ?? DEFAULT_DRAIN_SECONDS;
  const kept = portable(
    args,
    ['--join', '--data', '--drain-timeout'],
    ['--config', '--project-path', '--allow-path', '--log-file'],
  );
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
    throw failure([command, ...args], cause as Error);
  }
}

function failure(command: string[], cause: Error & { stderr?: string }): AgentError {
  const said = cause.stderr?.trim() || cause.message;
  return new AgentError(`${command.join(' ')} failed: ${said}`, EXIT.cannotStart, { cause });
}
