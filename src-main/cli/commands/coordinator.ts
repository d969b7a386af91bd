/** `playfleet coordinator`: runs a coordinator here until it is told to stop. */
import process from 'node:process';
import pino from 'pino';
import { readCoordinatorConfig, type CoordinatorConfig, type CoordinatorFlags } from '../../../coordinator/config.ts';
import { startCoordinator, type RunningCoordinator } from '../../../coordinator/main.ts';
import { printLine, styleOf, type Cli } from '../cli.ts';
import { CliFailure, EXIT, messageOf } from '../failure.ts';
import { watchInterrupts } from '../interrupts.ts';
import { VERSION } from '../version.ts';

export async function runCoordinator(cli: Cli, flags: CoordinatorFlags & { json?: boolean }): Promise<number> {
  const { json, ...settings } = flags;
  const config = readCoordinatorConfig(settings);
  const interrupts = watchInterrupts(() => process.exit(EXIT.cancelled));
  try {
    const running = await openCoordinator(config);
    if (json) printLine(cli, JSON.stringify(started(running)));
    else announce(cli, config, running);
    if (!interrupts.signal.aborted)
      await new Promise((resolve) => interrupts.signal.addEventListener('abort', resolve));
    await running.stop();
    return EXIT.ok;
  } finally {
    interrupts.end();
  }
}

/** Logs go to stderr as JSON. Throws CliFailure where the port is taken or not allowed. */
export async function openCoordinator(config: CoordinatorConfig): Promise<RunningCoordinator> {
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ fd: 2, sync: true }));
  try {
    return await startCoordinator(config, VERSION, log);
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { port?: number };
    if (code === 'EADDRINUSE') {
      throw new CliFailure(
        `Port ${port ?? config.port} on ${config.host} is in use.`,
        `Stop what uses it (perhaps another coordinator), or choose another with ${port === config.contentPort ? '--content-port' : '--port'}.`,
        { cause: error },
      );
    }
    if (code === 'EACCES' && port !== undefined)
      throw new CliFailure(`Port ${port} on ${config.host} needs more rights.`, 'Choose one above 1023 with --port.', {
        cause: error,
      });
    if (code === 'EADDRNOTAVAIL')
      throw new CliFailure(
        `${config.host} is not an address of this machine.`,
        'Choose one with --host; 0.0.0.0 is all of them.',
        { cause: error },
      );
    if (code === 'EACCES' || code === 'EROFS' || code === 'ENOSPC') {
      throw new CliFailure(
        `The data folder ${config.dataDir} cannot be used: ${messageOf(error)}.`,
        'Choose another with --data.',
        { cause: error },
      );
    }
    throw error;
  }
}

/** For programs that start a coordinator: one JSON line. The links are null unless this was the first start, or a new one was asked for. */
const started = ({ url, pin, contentUrl, first, newAdminLink }: RunningCoordinator) => ({
  type: 'listening',
  url,
  content_url: contentUrl,
  pin,
  admin_link: first?.adminLink ?? newAdminLink,
  join: first?.join ?? null,
});

function announce(
  cli: Cli,
  config: CoordinatorConfig,
  { url, pin, contentUrl, first, newAdminLink }: RunningCoordinator,
): void {
  const { paint } = styleOf(cli);
  const line = (label: string, value: string): void => printLine(cli, `  ${paint('dim', label.padEnd(8))} ${value}`);
  printLine(cli, `${paint('bold', 'Playfleet coordinator')} ${VERSION}`);
  line('API', `${url}/api/v1`);
  line('Reports', contentUrl);
  line('Data', config.dataDir);
  if (pin !== null) line('Pin', `${pin}, of its own certificate; tokens carry it`);
  if (first) {
    printLine(cli);
    printLine(cli, 'First start. These work once each, for an hour, and are not shown again:');
    line('You', `playfleet login '${first.adminLink}'`);
    line('A worker', `playfleet worker --join '${first.join}'`);
  }
  if (newAdminLink) {
    printLine(cli);
    printLine(cli, 'A new admin link. It works once, for an hour, and is not shown again:');
    line('You', `playfleet login '${newAdminLink}'`);
  }
  if (config.host === '127.0.0.1' || config.host === 'localhost' || config.host === '::1') {
    printLine(cli);
    printLine(cli, paint('dim', 'Only this machine reaches it. For others, start it with --host 0.0.0.0.'));
  }
  printLine(cli, paint('dim', 'Ctrl-C stops it.'));
}
