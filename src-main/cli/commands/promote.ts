/** `playfleet promote`: this machine stands in for the coordinator that is away, until it is brought home (`playfleet demote`). */
import process from 'node:process';
import pino from 'pino';
import { offlineState, promotionShown, type Lack } from '../../../shared/protocol/offline/promotion.ts';
import { joinCodeCreated } from '../../../shared/protocol/rest/join-codes.ts';
import { tokenCreated } from '../../../shared/protocol/rest/tokens.ts';
import { readAgentConfig } from '../../agent/config.ts';
import { folderOf } from '../../agent/coordinators/folders.ts';
import { activeId, changeStandIns } from '../../agent/coordinators/remembered.ts';
import { workFor } from '../../agent/coordinators/stand-ins.ts';
import { readGivenKey } from '../../agent/offline/copy-key.ts';
import { createApi, type Api } from '../api.ts';
import { printLine, styleOf, type Cli } from '../cli.ts';
import { parseLink } from '../credentials.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { watchInterrupts } from '../interrupts.ts';
import { askYesNo } from '../promotion/ask.ts';
import { homeLine } from '../promotion/folders.ts';
import { followWithLogin } from '../promotion/login.ts';
import { writeControl, writeHome, type BroughtHomeFigures } from '../promotion/notes.ts';
import { addressesOf, promote, type Promoted } from '../promotion/promote.ts';
import { ago, counted } from '../terminal/format.ts';
import { exchange } from './login.ts';

export interface PromoteFlags {
  data?: string;
  /** The key of the copy comes by standard input. */
  copyKeyStdin?: boolean;
  host?: string;
  port?: string;
  contentPort?: string;
  withSecrets?: boolean;
  withoutSecrets?: boolean;
  logLevel?: 'warn' | 'info' | 'debug' | 'error' | 'silent';
  json?: boolean;
}

export async function promoteHere(cli: Cli, flags: PromoteFlags): Promise<number> {
  const worker = readAgentConfig(flags.data === undefined ? {} : { data: flags.data });
  const enrolledAt = activeId(worker.dataDir);
  const own = folderOf(worker.dataDir, enrolledAt);
  const level = flags.logLevel ?? 'warn';
  const copyKey = flags.copyKeyStdin ? await readGivenKey(process.stdin) : null;
  const log = pino({ level, base: null }, pino.destination({ fd: 2, sync: true }));
  const interrupts = watchInterrupts(() => process.exit(EXIT.cancelled));
  try {
    const promoted = await promote({
      worker: { ...worker, own, copyKey },
      serve: {
        host: flags.host ?? '0.0.0.0',
        port: portOf('--port', flags.port),
        contentPort: portOf('--content-port', flags.contentPort),
        logLevel: level,
      },
      mayOpenSecrets: (explained) => mayOpenSecrets(cli, flags, explained),
      now: cli.clock.now(),
      log,
    });
    const { running } = promoted;
    try {
      await settleIn(cli, flags, promoted, { dataDir: worker.dataDir, enrolledAt });
      const home = await Promise.race([running.broughtHome, aborted(interrupts.signal)]);
      if (home) await cameHome(cli, flags, promoted.folder, home);
    } finally {
      await running.stop();
    }
    return EXIT.ok;
  } finally {
    interrupts.end();
  }
}

const aborted = (signal: AbortSignal): Promise<null> =>
  signal.aborted
    ? Promise.resolve(null)
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)));

async function cameHome(cli: Cli, { json }: PromoteFlags, folder: string, home: BroughtHomeFigures): Promise<void> {
  await writeHome(folder, home);
  if (json) printLine(cli, JSON.stringify({ type: 'home', ...home }));
  else {
    printLine(cli, `All is at home: ${homeLine(home)}`);
    printLine(cli, `playfleet demote deletes what this machine keeps of it in ${folder}`);
  }
}

function portOf(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new CliFailure(`${flag} must be a port, 0 to 65535 (0 is any free one), not ${text}.`);
}

async function mayOpenSecrets(cli: Cli, flags: PromoteFlags, explained: string): Promise<boolean> {
  if (flags.withoutSecrets) return false;
  if (flags.withSecrets) return true;
  cli.stderr.write(`${explained}\n`);
  const said = await askYesNo(cli, 'Open them on this machine?');
  if (said !== null) return said;
  throw new CliFailure(
    'Nobody can be asked whether secrets may be opened on this machine.',
    'Say it: playfleet promote --without-secrets, or --with-secrets',
  );
}

/** From here on this machine and this user work with it. */
async function settleIn(
  cli: Cli,
  flags: PromoteFlags,
  promoted: Promoted,
  worker: { dataDir: string; enrolledAt: string },
): Promise<void> {
  const { running, folder, state } = promoted;
  const pin = running.pin ?? '';
  const link = parseLink(running.first?.adminLink ?? running.newAdminLink ?? '', 'The admin link');
  const token = await exchange(cli, link, link.token ?? '');
  await writeControl(folder, { url: running.url, pin, token });
  const api = createApi({ url: running.url, token, pin, clock: cli.clock, random: cli.random });
  const { origin, statement } = await api.get('/api/v1/promotion', promotionShown);
  const since = cli.clock.now();
  changeStandIns(worker.dataDir, worker.enrolledAt, (before) =>
    workFor(before, { origin, name: state.worker.name, url: running.url, pin, statement, since }),
  );
  await followWithLogin(cli, { url: running.url, pin }, { central: state.central.url, otherwise: token });
  await announce(cli, flags, promoted, api);
}

const LACKS: Record<Lack, string> = {
  mails: 'mails: nobody is written to',
  providers: 'signing in through GitHub, Google and the like: use the password',
  secrets: 'values of secrets: runs go without them',
  backup_codes: 'backup codes of second factors: use the authenticator',
  earlier_runs: 'reports of runs from before: they are at the central coordinator',
  remotes: 'repositories and registries that this network does not reach',
};

async function announce(
  cli: Cli,
  { json, host = '0.0.0.0' }: PromoteFlags,
  promoted: Promoted,
  api: Api,
): Promise<void> {
  const { running, state, resumed, folder } = promoted;
  const { promotion } = await api.get('/api/v1/offline', offlineState);
  const made = await api.send('POST', '/api/v1/tokens', { kind: 'join', name: 'promotion' }, tokenCreated);
  const { code } = await api.send('POST', '/api/v1/join-codes', { name: 'promotion' }, joinCodeCreated);
  const addresses = addressesOf(host, Number(new URL(running.url).port));
  const here = addresses[0] ?? running.url;
  const join = `${here}#${made.token}`;
  if (json) {
    const line = {
      type: 'promoted',
      url: running.url,
      addresses,
      pin: running.pin,
      join,
      join_code: code,
      folder,
      resumed,
    };
    printLine(cli, JSON.stringify({ ...line, lacks: promotion?.lacks ?? [] }));
    return;
  }
  const { paint } = styleOf(cli);
  const line = (label: string, value: string): void => printLine(cli, `  ${paint('dim', label.padEnd(10))} ${value}`);
  printLine(
    cli,
    `${paint('bold', 'This machine is the coordinator now')}${resumed ? ', going on with its earlier promotion' : ''}`,
  );
  line('Dashboard', running.url);
  line('Stands for', state.central.url);
  const age = ago(Math.max(0, cli.clock.now() - state.fresh_at));
  line('Copy', `fetched ${age}, with ${counted(state.tests, 'test')} known`);
  printLine(cli);
  printLine(cli, 'Teammates, on their machines:');
  line('Switch', `playfleet switch ${here}`);
  line('New ones', `playfleet join ${code} --at ${here}`);
  line('', paint('dim', 'One machine, within ten minutes; for each other one: playfleet token create --code'));
  printLine(cli);
  printLine(cli, 'What it cannot do:');
  for (const lack of promotion?.lacks ?? []) printLine(cli, `  - ${LACKS[lack]}`);
  printLine(cli);
  printLine(
    cli,
    paint('dim', 'Bring everything home and end it: playfleet demote. Ctrl-C only stops it; promote goes on with it.'),
  );
}
