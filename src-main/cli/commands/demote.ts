/** `playfleet demote`: ends the promotion of this machine. Its copy is deleted only when the central coordinator has proven that it has everything. */
import process from 'node:process';
import { offlineState, type Homecoming } from '../../../shared/protocol/offline/promotion.ts';
import { readAgentConfig } from '../../agent/config.ts';
import { activeId, changeStandIns, ownFolder } from '../../agent/coordinators/remembered.ts';
import { workAtHome } from '../../agent/coordinators/stand-ins.ts';
import { placesIn } from '../../agent/offline/places.ts';
import { wait } from '../../transfer/retry.ts';
import { createApi, type Api } from '../api.ts';
import { printJson, printLine, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { watchInterrupts } from '../interrupts.ts';
import { PassingFailure } from '../problem.ts';
import { homeLine, listPromotions, removeAtHome } from '../promotion/folders.ts';
import { comeHomeWithLogin } from '../promotion/login.ts';
import { readControl, readHome, type BroughtHome } from '../promotion/notes.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { counted } from '../terminal/format.ts';

export interface DemoteFlags {
  data?: string;
  now?: boolean;
  keep?: boolean;
  json?: boolean;
}

const LOOK_MS = 500;

/** Asks the promoted coordinator of this machine to end, shows how far it is, and deletes what it kept once all is at home. */
export async function demoteHere(cli: Cli, flags: DemoteFlags): Promise<number> {
  const worker = readAgentConfig(flags.data === undefined ? {} : { data: flags.data });
  const places = placesIn(ownFolder(worker.dataDir));
  const folders = await listPromotions(places.promoted);
  if (folders.length === 0)
    throw new CliFailure('This machine is not promoted, and keeps nothing of an earlier promotion.');
  const interrupts = watchInterrupts(() => process.exit(EXIT.cancelled));
  try {
    for (const folder of folders) {
      const home = (await readHome(folder)) ?? (await bringHome(cli, flags, folder, interrupts.signal));
      changeStandIns(worker.dataDir, activeId(worker.dataDir), workAtHome);
      await comeHomeWithLogin(cli, (await readControl(folder))?.url ?? null);
      if (!flags.keep) await removeAtHome(folder);
      tell(cli, flags, folder, home);
    }
    return EXIT.ok;
  } finally {
    interrupts.end();
  }
}

function tell(cli: Cli, { json, keep }: DemoteFlags, folder: string, home: BroughtHome): void {
  if (json) return printJson(cli, { ...home, folder, deleted: keep !== true });
  printLine(cli, `All is at home: ${homeLine(home)}.`);
  printLine(cli, keep ? `Kept: ${folder}` : 'What this machine had kept of it is deleted.');
  if (home.conflicts > 0)
    printLine(cli, 'Look at the conflicts in the dashboard of the central coordinator: Settings, Offline.');
}

async function bringHome(cli: Cli, flags: DemoteFlags, folder: string, signal: AbortSignal): Promise<BroughtHome> {
  const control = await readControl(folder);
  if (control === null) throw notRunning();
  const { url, token, pin } = control;
  const api = createApi({ url, token, pin, clock: cli.clock, random: cli.random });
  try {
    await api.send('POST', '/api/v1/offline/demotion', { now: flags.now === true }, offlineState);
  } catch (error) {
    throw error instanceof PassingFailure ? notRunning(error) : error;
  }
  if (!flags.json) printLine(cli, 'No more runs here. What runs is finished, then everything is brought home.');
  for (let shown = ''; ; await wait(LOOK_MS, cli.clock, signal)) {
    const state = await stateOf(api);
    const home = state === 'gone' ? await readHome(folder) : null;
    if (home) return home;
    if (state === 'gone') throw notRunning();
    const line = lineOf(state);
    if (line !== shown && !flags.json) printLine(cli, line);
    shown = line;
  }
}

const notRunning = (cause?: unknown) =>
  new CliFailure(
    'The promoted coordinator of this machine does not run; what it did is kept.',
    'Start it again in another terminal (playfleet promote), then: playfleet demote',
    { cause },
  );

async function stateOf(api: Api): Promise<Homecoming | 'gone'> {
  try {
    const { promotion } = await api.get('/api/v1/offline', offlineState, { tries: 1 });
    return promotion?.homecoming ?? 'gone';
  } catch (error) {
    if (error instanceof PassingFailure) return 'gone';
    throw error;
  }
}

function lineOf({ state, detail, sent, total, runs_to_bring: runs }: Homecoming): string {
  const more = detail === null ? '' : `: ${foreignLine(detail)}`;
  const words: Record<Homecoming['state'], string> = {
    waiting: `What is over is at home${more}`,
    unreachable: `The central coordinator cannot be reached; it is tried again, and everything is kept${more}`,
    uploading: `Bringing home: ${sent} of ${total} entries, ${counted(runs, 'run', 'runs')} to go${more}`,
    verified: `Both sides have the same${more}`,
    refused: `The central coordinator does not take it${more}`,
  };
  return words[state];
}
