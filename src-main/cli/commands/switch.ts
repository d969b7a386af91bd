/** `playfleet switch`: this machine and this user follow a promoted coordinator, after it has proven by whose word it is one; or go home. */
import { readAgentConfig } from '../../agent/config.ts';
import { folderOf, keyFileIn } from '../../agent/coordinators/folders.ts';
import { activeId, changeStandIns, readStandIns } from '../../agent/coordinators/remembered.ts';
import { standInOf, workAtHome, workFor } from '../../agent/coordinators/stand-ins.ts';
import { readKey } from '../../agent/key-file.ts';
import { printJson, printLine, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { askYesNo } from '../promotion/ask.ts';
import { comeHomeWithLogin, followWithLogin } from '../promotion/login.ts';
import { proveStandIn, requireKnown } from '../promotion/prove.ts';
import { foreignLine } from '../terminal/foreign.ts';

export interface SwitchOptions {
  data?: string;
  yes?: boolean;
  json?: boolean;
}

export async function switchTo(cli: Cli, where: string, options: SwitchOptions): Promise<number> {
  const { dataDir } = readAgentConfig(options.data === undefined ? {} : { data: options.data });
  return where === 'home' ? goHome(cli, dataDir, options) : follow(cli, where, dataDir, options);
}

async function goHome(cli: Cli, dataDir: string, { json }: SwitchOptions): Promise<number> {
  const id = activeId(dataDir);
  const from = standInOf(readStandIns(dataDir, id));
  changeStandIns(dataDir, id, workAtHome);
  const login = await comeHomeWithLogin(cli, from?.url ?? null);
  if (json) printJson(cli, { works_for: 'home', login });
  else {
    printLine(cli, 'The worker of this machine goes home: what it runs is finished first.');
    if (login) printLine(cli, 'This user is logged in as before again.');
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
  const { origin, name: machine, url, pin, statement } = await proveStandIn(where, home, cli);
  const name = foreignLine(machine);
  if (!yes) {
    const said = await askYesNo(
      cli,
      `${name} stands in for your coordinator, by its own word. Work for it, from this machine and as this user?`,
    );
    if (said === null) throw new CliFailure('Nobody can be asked.', 'Confirm it with --yes.');
    if (!said) return EXIT.cancelled;
  }
  const key = await readKey(keyFileIn(own));
  if (key !== null) {
    // Shown now, and replaced at home even where it is of no use here.
    changeStandIns(dataDir, id, (before) => ({ ...before, keyShown: true }));
    await requireKnown({ url, pin, name }, key.apiKey, cli);
  }
  const since = cli.clock.now();
  changeStandIns(dataDir, id, (before) => workFor(before, { origin, name: machine, url, pin, statement, since }));
  const login = await followWithLogin(cli, { url, pin }, { central: key?.url ?? '', otherwise: null });
  if (json) printJson(cli, { works_for: machine, origin, url, login });
  else {
    printLine(cli, `The worker of this machine works for ${name} from now on. Back: playfleet switch home`);
    if (login) printLine(cli, `This user's commands go to ${url}.`);
  }
  return EXIT.ok;
}
