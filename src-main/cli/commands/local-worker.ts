/** `playfleet worker status`, `pause` and `resume`: the worker of this machine, over the local socket in its data folder. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { statusInWords } from '../../../shared/model/manners-words.ts';
import {
  CONTROL_VERSION,
  controlMessage,
  type AgentCommand,
  type AgentStatus,
  type ControlMessage,
  type ControlRequest,
} from '../../../shared/protocol/desktop/agent.ts';
import { readAgentConfig } from '../../agent/config.ts';
import { socketPath } from '../../agent/control/socket.ts';
import { printJson, printLine, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { milliseconds } from '../run/quantities.ts';

export interface LocalOptions {
  data?: string;
  json?: boolean;
}

const PATIENCE_MS = 10_000;

export async function localStatus(cli: Cli, options: LocalOptions): Promise<number> {
  return show(cli, await ask(cli, options, null), options);
}

export async function pauseLocal(
  cli: Cli,
  { for: time, until, ...options }: LocalOptions & { for?: string; until?: string },
): Promise<number> {
  if (until !== undefined && until !== 'tomorrow')
    throw new CliFailure(
      `--until ${until} is not understood.`,
      'Use --until tomorrow, or --for with a time, as --for 1h.',
    );
  const end = time === undefined ? null : cli.clock.now() + milliseconds('--for', time, 1000);
  return show(cli, await ask(cli, options, { type: 'pause', until: until ?? end }), options);
}

export async function resumeLocal(cli: Cli, options: LocalOptions): Promise<number> {
  return show(cli, await ask(cli, options, { type: 'resume' }), options);
}

function show(cli: Cli, status: AgentStatus, { json }: LocalOptions): number {
  if (json) {
    printJson(cli, status);
    return EXIT.ok;
  }
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  printLine(cli, statusInWords(status, { language: 'en', timeZone, now: cli.clock.now() }));
  const { lent, total, busy } = status.slots;
  printLine(
    cli,
    `  ${status.worker}: ${busy} of ${lent} slots busy (${total} in all), at ${status.coordinator ?? 'no coordinator'}`,
  );
  for (const { run, title } of status.tests) printLine(cli, `  ${run}: ${title}`);
  return EXIT.ok;
}

/** Carries a command out, if there is one, and gives the status behind it. */
async function ask(cli: Cli, { data }: LocalOptions, command: AgentCommand | null): Promise<AgentStatus> {
  const { dataDir } = readAgentConfig(data === undefined ? {} : { data });
  const file = socketPath(dataDir);
  if (file === null)
    throw new CliFailure(
      'The worker of this machine cannot be reached from here.',
      'Its name in the fleet works: playfleet workers pause NAME',
    );
  if (command) {
    const request: ControlRequest = { playfleet: 'control', v: CONTROL_VERSION, id: 1, command };
    const { answer } = await exchange(cli, file, request, (message) => (message.type === 'answer' ? message : null));
    if (!answer.ok) throw new CliFailure(`The worker of this machine refuses: ${answer.error.message}.`);
  }
  return (await exchange(cli, file, null, (message) => (message.type === 'status' ? message : null))).status;
}

/** Resolves with the first message that is `wanted`. */
async function exchange<M>(
  { clock }: Cli,
  file: string,
  request: ControlRequest | null,
  wanted: (message: ControlMessage) => M | null,
): Promise<M> {
  const socket = connect(file);
  const cancel = clock.after(PATIENCE_MS, () => socket.destroy(new Error('it does not answer')));
  try {
    await once(socket, 'connect');
    if (request) socket.write(`${JSON.stringify(request)}\n`);
    return await firstOf(socket, wanted);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isAbsent = code === 'ENOENT' || code === 'ECONNREFUSED';
    throw new CliFailure(
      isAbsent
        ? 'No worker runs here with this data folder.'
        : `The worker of this machine could not be asked: ${message}.`,
      isAbsent ? 'Start it with playfleet worker, or name its folder with --data.' : '',
      { cause },
    );
  } finally {
    cancel();
    socket.destroy();
  }
}

async function firstOf<M>(socket: Socket, wanted: (message: ControlMessage) => M | null): Promise<M> {
  for await (const line of createInterface({ input: socket })) {
    const found = wanted(controlMessage.parse(JSON.parse(line)));
    if (found !== null) return found;
  }
  throw new Error('it has closed the connection');
}
