/** `playfleet switch`: this machine and this user follow a promoted coordinator, after it has proven by whose word it is one; or go home. */
import { promotionShown } from '../../../shared/protocol/offline/promotion.ts';
import { seenPin } from '../../transfer/pinned.ts';
import { readAgentConfig } from '../../agent/config.ts';
import { folderOf, keyFileIn } from '../../agent/coordinators/folders.ts';
import { activeId, changeStandIns, readStandIns } from '../../agent/coordinators/remembered.ts';
import { workAtHome, workFor } from '../../agent/coordinators/stand-ins.ts';
import { checkStatement } from '../../agent/offline/statement.ts';
import { readKey } from '../../agent/key-file.ts';
import { createApi } from '../api.ts';
import { printJson, printLine, type Cli } from '../cli.ts';
import { parseLink } from '../credentials.ts';
import { CliFailure, EXIT, messageOf } from '../failure.ts';
import { askYesNo } from '../promotion/ask.ts';
import { comeHomeWithLogin, followWithLogin } from '../promotion/login.ts';
import { foreignLine } from '../terminal/foreign.ts';

export interface SwitchOptions {
  data?: string;
  yes?: boolean;
  json?: boolean;
}

const CONNECT_MS = 10_000;

export async function switchTo(cli: Cli, where: string, options: SwitchOptions): Promise<number> {
  const { dataDir } = readAgentConfig(options.data === undefined ? {} : { data: options.data });
  return where === 'home' ? goHome(cli, dataDir, options) : follow(cli, where, dataDir, options);
}

async function goHome(cli: Cli, dataDir: string, { json }: SwitchOptions): Promise<number> {
  changeStandIns(dataDir, activeId(dataDir), workAtHome);
  const login = await comeHomeWithLogin(cli);
  if (json) printJson(cli, { works_for: 'home', login });
  else {
    printLine(cli, 'The worker of this machine goes home: what it runs is finished first.');
    if (login) printLine(cli, 'This user is logged in to the central coordinator again.');
  }
  return EXIT.ok;
}

async function follow(cli: Cli, where: string, dataDir: string, { yes, json }: SwitchOptions): Promise<number> {
  const id = activeId(dataDir);
  const own = folderOf(dataDir, id);
  const { home } = readStandIns(dataDir, id);
  if (home === null) {
    throw new CliFailure(
      `The worker of this machine (${own}) has never been connected to a coordinator that says who may stand in for it.`,
      'Name its data folder with --data, or enrol it at the promoted one with the join line that it shows.',
    );
  }
  const { url, pin: given } = parseLink(where, 'The address');
  if (!url.startsWith('https:'))
    throw new CliFailure('A promoted coordinator is reached encrypted.', 'Begin it with https://.');
  const pin = await seenPin(url, CONNECT_MS).catch((error: unknown) => {
    throw new CliFailure(
      `There is no coordinator at ${url}: ${messageOf(error)}.`,
      'Is the address right, and are both in one network?',
    );
  });
  if (given !== null && given !== pin)
    throw new CliFailure(
      `${url} shows another certificate than the address says.`,
      'Copy the address anew from the promoted machine.',
    );
  // Nothing of ours is shown before its word is checked.
  const api = createApi({ url, token: null, pin, clock: cli.clock, random: cli.random, timeoutMs: CONNECT_MS });
  const shown = await api.get('/api/v1/promotion', promotionShown, { tries: 1 });
  const checked = checkStatement(shown.statement, { ...home, pin, now: cli.clock.now() });
  if ('problem' in checked) throw new CliFailure(`Not switched: ${checked.problem}.`);
  const { machine } = checked.claims;
  if (shown.draining)
    throw new CliFailure(`${foreignLine(machine.name)} is ending its promotion, and takes no more workers.`);
  const name = foreignLine(machine.name);
  if (!yes) {
    const said = await askYesNo(
      cli,
      `${name} stands in for your coordinator, by its own word. Work for it, from this machine and as this user?`,
    );
    if (said === null) throw new CliFailure('Nobody can be asked.', 'Confirm it with --yes.');
    if (!said) return EXIT.cancelled;
  }
  const since = cli.clock.now();
  changeStandIns(dataDir, id, (before) =>
    workFor(before, { origin: shown.origin, name: machine.name, url, pin, statement: shown.statement, since }),
  );
  const central = (await readKey(keyFileIn(own)))?.url ?? '';
  const login = await followWithLogin(cli, { url, pin }, { central, otherwise: null });
  if (json) printJson(cli, { works_for: machine.name, origin: shown.origin, url, login });
  else {
    printLine(cli, `The worker of this machine works for ${name} from now on. Back: playfleet switch home`);
    if (login) printLine(cli, `This user's commands go to ${url}.`);
  }
  return EXIT.ok;
}
