/** `playfleet coordinators`: those at which this machine is enrolled, one of them active. */
import {
  activate,
  countWaiting,
  forget,
  listRemembered,
  type Remembered,
} from '../../agent/coordinators/remembered.ts';
import { readAgentConfig } from '../../agent/config.ts';
import { isInUse } from '../../agent/data-dir.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { counted } from '../terminal/format.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { tableLines } from '../terminal/table.ts';

export interface CoordinatorsOptions {
  data?: string;
  json?: boolean;
}

export async function listCoordinators(cli: Cli, { data, json }: CoordinatorsOptions): Promise<number> {
  const all = await listRemembered(rootOf(data));
  if (json) {
    printJson(cli, all);
    return EXIT.ok;
  }
  if (all.length === 0) printLine(cli, 'This machine is enrolled nowhere yet: playfleet join SIX WORDS --at ADDRESS');
  const columns = [
    { title: '', value: (one: Remembered) => (one.active ? '*' : '') },
    { title: 'ID', value: (one: Remembered) => one.id },
    { title: 'NAME', value: (one: Remembered) => foreignLine(one.name), flexible: true },
    { title: 'ADDRESS', value: (one: Remembered) => one.url },
    { title: 'AS', value: (one: Remembered) => foreignLine(one.worker) },
  ];
  if (all.length > 0)
    for (const line of tableLines(all, columns, styleOf(cli), cli.stdout.columns ?? 120)) printLine(cli, line);
  return EXIT.ok;
}

export async function useCoordinator(cli: Cli, which: string, { data, json }: CoordinatorsOptions): Promise<number> {
  const root = rootOf(data);
  const one = await findRemembered(root, which);
  await activate(root, one.id);
  if (json) printJson(cli, { ...one, active: true });
  else {
    printLine(cli, `This machine works for ${foreignLine(one.name)} (${one.url}).`);
    if (isInUse(root)) printLine(cli, 'The worker that runs here goes over when what it runs is finished.');
  }
  return EXIT.ok;
}

export async function forgetCoordinator(
  cli: Cli,
  which: string,
  { data, json, force }: CoordinatorsOptions & { force?: boolean },
): Promise<number> {
  const root = rootOf(data);
  const one = await findRemembered(root, which);
  if (one.active)
    throw new CliFailure(
      `${foreignLine(one.name)} is the active one.`,
      'Use another one first: playfleet coordinators use NAME',
    );
  const waiting = await countWaiting(root, one.id);
  if (waiting > 0 && !force) {
    throw new CliFailure(
      `${counted(waiting, 'report')} and files of this machine have not reached ${foreignLine(one.name)} yet.`,
      `Let them be sent (playfleet coordinators use ${one.id}), or throw them away with --force.`,
    );
  }
  await forget(root, one.id);
  if (json) printJson(cli, { id: one.id, forgotten: true });
  else
    printLine(
      cli,
      `${foreignLine(one.name)} is forgotten here. Remove the worker there, too: playfleet workers remove ${one.worker}`,
    );
  return EXIT.ok;
}

const rootOf = (data: string | undefined): string => readAgentConfig(data === undefined ? {} : { data }).dataDir;

/** By id; or by name or address, where only one has it. */
async function findRemembered(root: string, which: string): Promise<Remembered> {
  const all = await listRemembered(root);
  const sameId = all.filter(({ id }) => id === which);
  const found = sameId.length > 0 ? sameId : all.filter(({ name, url }) => [name, url].includes(which));
  if (found.length === 1 && found[0]) return found[0];
  const names = all.map(({ id, name }) => `${id} (${foreignLine(name)})`).join(', ');
  throw new CliFailure(
    found.length === 0 ? `No coordinator ${which} is remembered here.` : `Several coordinators are called ${which}.`,
    all.length === 0 ? 'Join one: playfleet join SIX WORDS --at ADDRESS' : `There are: ${names}.`,
  );
}
