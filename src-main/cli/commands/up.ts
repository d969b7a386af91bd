/** `playfleet up`: a coordinator and one worker in this process, for one machine: started, enrolled, ready for `playfleet run`. */
import path from 'node:path';
import process from 'node:process';
import { readCoordinatorConfig } from '../../../coordinator/config.ts';
import type { RunningCoordinator } from '../../../coordinator/main.ts';
import { tokenCreated } from '../../../shared/protocol/rest/tokens.ts';
import { readAgentConfig, type AgentConfig } from '../../agent/config.ts';
import { readKey } from '../../agent/key-file.ts';
import { runAgent } from '../../agent/main.ts';
import { createApi } from '../api.ts';
import { printLine, styleOf, type Cli } from '../cli.ts';
import { parseLink, readLogin, storeLogin } from '../credentials.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { watchInterrupts } from '../interrupts.ts';
import { counted } from '../terminal/format.ts';
import { openCoordinator } from './coordinator.ts';
import { exchange } from './login.ts';

export interface UpOptions {
  host?: string;
  port?: string;
  contentPort?: string;
  tls?: boolean;
  announce?: boolean;
  plugins?: string;
  data?: string;
  name?: string;
  slots?: string;
  tags?: string;
  allowSystemBrowser?: boolean;
  logLevel?: string;
}

export async function up(cli: Cli, options: UpOptions): Promise<number> {
  const {
    data,
    name,
    slots,
    tags,
    allowSystemBrowser,
    logLevel = 'warn',
    host,
    port,
    contentPort,
    tls,
    announce: onLan,
    plugins,
  } = options;
  // Both would take the same PLAYFLEET_DATA; each gets a folder of its own in it.
  const { PLAYFLEET_DATA: both, PLAYFLEET_COORDINATOR_DATA: own } = cli.config.variables;
  const base = data ?? both;
  const folder = (part: string): { data?: string } => (base ? { data: path.resolve(cli.cwd, base, part) } : {});
  const coordinators = data === undefined && own ? { data: own } : folder('coordinator');
  const config = readCoordinatorConfig({
    host,
    port,
    contentPort,
    tls,
    announce: onLan,
    plugins,
    logLevel,
    ...coordinators,
  });
  const interrupts = watchInterrupts(() => process.exit(EXIT.cancelled));
  const running = await openCoordinator(config).catch((error: unknown) => {
    interrupts.end();
    throw error;
  });
  try {
    const loggedIn = await logInHere(cli, running);
    const given = Object.fromEntries(
      Object.entries({ name, slots, tags, allowSystemBrowser }).filter(([, value]) => value !== undefined),
    );
    const worker = readAgentConfig({ ...given, logLevel, ...folder('worker'), coordinator: addressOf(running) });
    const join = await joinHere(cli, running, worker);
    announce(cli, running, worker, config.dataDir, loggedIn);
    if (interrupts.signal.aborted) return EXIT.ok;
    // The agent listens to signals from its first moment on, and means more by the second one.
    const agent = runAgent({ ...worker, join });
    interrupts.end();
    return await agent;
  } finally {
    interrupts.end();
    await running.stop();
  }
}

const addressOf = ({ url, pin }: RunningCoordinator): string => (pin === null ? url : `${url}#${pin}`);

/** Lets this user in at the first start, unless another coordinator is in use. Returns whether `playfleet run` will come here. */
async function logInHere(cli: Cli, { url, pin, first }: RunningCoordinator): Promise<boolean> {
  const login = await readLogin(cli.config.configDir);
  if (login !== null) return login.url === url;
  if (first === null) return false;
  const link = parseLink(first.adminLink, 'The admin link');
  const token = await exchange(cli, link, link.token ?? '');
  await storeLogin(cli.config.configDir, { url, token, pin });
  return true;
}

/** What the worker of this machine enrols with; null where it is enrolled already. */
async function joinHere(
  cli: Cli,
  { url, pin, first }: RunningCoordinator,
  config: AgentConfig,
): Promise<AgentConfig['join']> {
  if (await readKey(path.join(config.dataDir, 'key.json'))) return null;
  if (first) return { url, pin, token: new URL(first.join).hash.slice(1) };
  const login = await readLogin(cli.config.configDir, url);
  if (login === null) {
    throw new CliFailure(
      'The worker of this machine is not enrolled, and this user may not enrol it.',
      `Start the coordinator alone (playfleet coordinator), log in there, then make a token with: playfleet token create --join`,
    );
  }
  const api = createApi({ ...login, clock: cli.clock, random: cli.random });
  const made = await api.send('POST', '/api/v1/tokens', { kind: 'join', name: 'playfleet up' }, tokenCreated);
  return { url, pin, token: made.token };
}

function announce(
  cli: Cli,
  { url, first }: RunningCoordinator,
  worker: AgentConfig,
  dataDir: string,
  loggedIn: boolean,
): void {
  const { paint } = styleOf(cli);
  const line = (label: string, value: string): void => printLine(cli, `  ${paint('dim', label.padEnd(12))} ${value}`);
  printLine(cli, paint('bold', 'Playfleet is up'));
  line('Coordinator', url);
  line('Worker', `${worker.name}, ${counted(worker.slots, 'slot')}`);
  line('Data', dataDir);
  if (!loggedIn && first) line('Log in', `playfleet login '${first.adminLink}'`);
  printLine(cli);
  printLine(cli, 'Now, in the folder of a Playwright project: playfleet run');
  printLine(cli, paint('dim', 'Ctrl-C finishes what runs and stops; once more stops at once.'));
}
