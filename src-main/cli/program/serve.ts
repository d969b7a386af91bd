/** Commands that stay: the coordinator, a worker, or both. */
import v8 from 'node:v8';
import { Option, type Command } from 'commander';
import type { CoordinatorFlags } from '../../../coordinator/config.ts';
import type { AgentFlags } from '../../agent/config.ts';
import type { Cli } from '../cli.ts';
import type { LocalOptions } from '../commands/local-worker.ts';
import type { UpOptions } from '../commands/up.ts';
import type { Act } from '../program.ts';

const JSON_OPTION = ['--json', 'print JSON'] as const;
/** For whoever starts it and keeps the key: not for a service, whose standard input is empty. */
export const COPY_KEY_OPTION = [
  '--copy-key-stdin',
  'the key of the copy comes by standard input, as base64; stands over --copy-key',
] as const;
export interface CopyKeyFlag {
  copyKeyStdin?: boolean;
}
const many = (value: string, before: string[] = []): string[] => [...before, value];

export function addServeCommands(program: Command, cli: Cli, act: Act): void {
  program
    .command('up')
    .summary('coordinator and worker on this machine, ready for playfleet run')
    .option('--host <address>', 'where it listens (default: 127.0.0.1; 0.0.0.0 is all)')
    .option('--port <n>', 'of the API (default: 4800)')
    .option('--content-port <n>', 'of reports (default: the next one)')
    .option('--tls', 'https with a certificate of its own, which tokens pin')
    .option('--announce', 'say on the LAN that it is here, for machines that join by a code')
    .option('--plugins <folder>', 'where strategies of your own lie')
    .option('--data <folder>', 'where both keep their data')
    .option('--name <name>', "the worker's name (default: the machine's host name)")
    .option('--slots <n>', 'Playwright processes at once (default: the CPUs, at most 4)')
    .option('--tags <tags>', 'what is special about this machine, as gpu,office')
    .option('--allow-system-browser', "tests may use this machine's own browser where Playwright's is not there")
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (default: warn)')
    .action(act(async (options: UpOptions) => (await import('../commands/up.ts')).up(cli, options)));
  const coordinator = program
    .command('coordinator')
    .summary('run a coordinator on this machine')
    .description(
      'Runs a coordinator: keeps runs and results, and hands work to the workers. The first start prints how to get in.',
    )
    .option('--host <address>', 'where it listens (default: 127.0.0.1; 0.0.0.0 is all)')
    .option('--port <n>', 'of the API (default: 4800; 0 is any free one)')
    .option('--content-port <n>', 'of reports (default: the next one)')
    .option('--data <folder>', 'where it keeps everything')
    .option('--public-url <url>', 'address that links name, behind a proxy')
    .option('--tls', 'https, without --tls-cert by a certificate of its own, which tokens pin')
    .option('--tls-cert <file>', 'certificate with its chain, as PEM: serves https')
    .option('--tls-key <file>', 'its key, as PEM without a password')
    .option('--announce', 'say on the LAN that it is here, for machines that join by a code')
    .option('--plugins <folder>', 'where strategies of your own lie')
    .option('--update-keys <file>', "keys of publishers, in place of this build's own")
    .option('--new-admin-link', 'print a way in, for whoever has lost all others')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (default: info)')
    .option('--json', 'print the addresses as one JSON line')
    .action(
      act(async (flags: CoordinatorFlags & { json?: boolean }) =>
        (await import('../commands/coordinator.ts')).runCoordinator(cli, flags),
      ),
    );
  coordinator
    .command('rotate-key')
    .summary('seal all secrets with a new key; while the coordinator is stopped')
    .option('--data <folder>', 'where it keeps everything')
    .option(...JSON_OPTION)
    .action(
      act(async (flags: { data?: string; json?: boolean }) =>
        (await import('../commands/rotate-key.ts')).rotateDataKey(cli, flags),
      ),
    );
  addWorker(program, cli, act);
}

function addWorker(program: Command, cli: Cli, act: Act): void {
  const worker = withWorkerOptions(program.command('worker'))
    .summary('run tests on this machine for a coordinator')
    .description(
      'Runs tests on this machine for a coordinator. Settings come from here, else the environment, else config.json in the data folder.',
    )
    .option(...COPY_KEY_OPTION)
    .action(
      act(async ({ copyKeyStdin, ...flags }: AgentFlags & CopyKeyFlag) => {
        stayYoung();
        const [{ readAgentConfig }, { runAgent }, { readGivenKey }] = await Promise.all([
          import('../../agent/config.ts'),
          import('../../agent/main.ts'),
          import('../../agent/offline/copy-key.ts'),
        ]);
        const copyKey = copyKeyStdin ? await readGivenKey(process.stdin) : null;
        return runAgent(readAgentConfig(flags), undefined, { parent: process, copyKey });
      }),
    );
  addLocal(worker, cli, act);
  const verbs = [
    ['install-service', 'installService', 'have it started with this machine, with the settings given here'],
    ['uninstall-service', 'uninstallService', 'end that'],
    ['service-status', 'serviceStatus', 'say how the installed service does; exits with 1 where it does not run'],
    ['print-service', 'printService', "show the service's file without installing it"],
  ] as const;
  for (const [verb, action, summary] of verbs) {
    const command = withWorkerOptions(worker.command(verb)).summary(summary);
    command
      .option('--system', 'for the whole machine, started at boot, instead of for you')
      .action(
        act(async ({ system, ...flags }: AgentFlags & { system?: boolean }) =>
          (await import('../commands/service.ts')).serviceCommand(cli, action, flags, system === true),
        ),
      );
  }
}

/** What its owner says to the worker that runs on this machine. */
function addLocal(worker: Command, cli: Cli, act: Act): void {
  const local = (name: string, summary: string) =>
    worker
      .command(name)
      .summary(summary)
      .option('--data <folder>', 'where it keeps its data')
      .option(...JSON_OPTION);
  const load = () => import('../commands/local-worker.ts');
  local('status', 'what the worker of this machine does, and why it is paused').action(
    act(async (options: LocalOptions) => (await load()).localStatus(cli, options)),
  );
  local('pause', 'let the worker of this machine take nothing new')
    .option('--for <time>', 'for how long, as 1h (default: until it is resumed)')
    .addOption(new Option('--until <when>', 'tomorrow').conflicts('for'))
    .action(
      act(async (options: LocalOptions & { for?: string; until?: string }) => (await load()).pauseLocal(cli, options)),
    );
  local('resume', 'end that').action(act(async (options: LocalOptions) => (await load()).resumeLocal(cli, options)));
}

/** `joins`: whether it is told where to enrol by an option. */
export function withWorkerOptions(command: Command, { joins = true } = {}): Command {
  if (joins)
    command
      .option('--join <url#token>', 'enrol with a token from: playfleet token create --join')
      .option('--coordinator <url>', 'where the coordinator is now, if it has moved');
  return command
    .option('--name <name>', "name in the fleet (default: the machine's host name)")
    .option('--slots <n>', 'Playwright processes at once (default: the CPUs, at most 4)')
    .option('--tags <tags>', 'what is special about it, as gpu,office')
    .option('--data <folder>', 'where it keeps its key, checkouts and reports')
    .option('--config <file>', 'settings file')
    .option('--project-path <folder>', 'suite on this machine, for runs that name no source')
    .option('--allow-path <folder>', 'folder that runs may name as their source; may be repeated', many)
    .option('--allow-project <name>', 'run only this project; may be repeated (default: all)', many)
    .option('--allow-system-browser', "tests may use this machine's own browser where Playwright's is not there")
    .option('--run-as <user>', 'user that tests and installs run as; the worker itself must be root then')
    .option('--copy-secrets', 'let secrets into the copy that this machine may stand in with')
    .option('--copy-key <file>', 'where the key of that copy lies')
    .option('--no-install', 'install neither dependencies nor browsers of suites')
    .option('--drain-timeout <seconds>', 'after being told to stop: how long running tests may take')
    .option('--hours <hours>', "when it lends its slots, as 'mon-fri 9:00-18:00 Europe/Berlin' (default: always)")
    .option('--pause-on-battery [percent]', 'take nothing new on battery, or below so much charge')
    .option('--pause-on-metered', 'take nothing new on a metered network')
    .option('--pause-when-used <minutes>', 'take nothing new until nobody has touched the machine for so long')
    .option('--pause-above-load <percent>', 'take nothing new while other programs use more of the processors')
    .option('--pause-when-hot', 'take nothing new while the machine is hot')
    .option('--cpu-priority <priority>', 'of tests beside other programs: normal, low or lowest')
    .option('--when-paused <what>', 'finish the tests that run (the default), or giveBack all at once')
    .option('--no-updates', 'do not look for updates')
    .option(
      '--update-command <command>',
      'installs an update, whose file is in PLAYFLEET_UPDATE_FILE; without it, updates are only told of',
    )
    .option('--update-package <format>', "which package of a release, as deb (default: this system's)")
    .option('--update-channel <name>', 'which releases it follows (default: stable)')
    .option('--update-keys <file>', "keys of publishers, in place of this build's own")
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent')
    .option('--log-file <file>', 'where the log goes instead of standard output');
}

/**
 * Keeps the young generation at its first size, before the agent's modules fill it: an idle worker takes 84 MB instead of 108. Node does
 * not take --max-semi-space-size once it runs; these flags are read at each collection and compilation. Without the last of V8's compilers,
 * whose own code and results an agent hardly uses, it is 8 MB less.
 */
function stayYoung(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  v8.setFlagsFromString('--optimize-for-size');
  v8.setFlagsFromString('--no-opt');
}
