/** `playfleet join`: makes this machine a worker of a coordinator that is known by six words, or by a link. */
import { discover } from '../../joining/discover.ts';
import { joinByCode, JoinRefused, lineOf } from '../../joining/join-by-code.ts';
import type { Found } from '../../joining/rules.ts';
import { readJoinLink } from '../../../shared/model/join-link.ts';
import { readAgentConfig, type AgentFlags } from '../../agent/config.ts';
import { isInUse } from '../../agent/data-dir.ts';
import { enrolMore } from '../../agent/enrol-more.ts';
import { createLog } from '../../agent/log.ts';
import { runAgent } from '../../agent/main.ts';
import { printLine, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { foreignLine } from '../terminal/foreign.ts';

export type JoinFlags = AgentFlags & { at?: string; discover?: boolean; start?: boolean };

const SEARCH_MS = 4000;

/** `words`: six, in one or several arguments, or one link. */
export async function join(cli: Cli, words: readonly string[], flags: JoinFlags): Promise<number> {
  const { at, discover: search, start = true, ...agentFlags } = flags;
  const link = readJoinLink(words.join(' '));
  // Before the code is used up: a setting that is wrong must not cost one.
  readAgentConfig(agentFlags);
  const { line, name } =
    link !== null ? { line: link, name: new URL(link).hostname } : await byCode(cli, words.join(' '), { at, search });
  const config = readAgentConfig({ ...agentFlags, join: line });
  if (config.join === null) throw new CliFailure('This link enrols nobody.', 'Copy the whole link, in quotes.');
  const log = createLog(config.logLevel);
  await enrolMore(config, config.join, name, log);
  printLine(cli, `This machine is enrolled at ${foreignLine(name)} (${config.join.url}) as ${config.name}.`);
  if (isInUse(config.dataDir)) {
    printLine(cli, 'The worker that runs here goes on there when what it runs is finished.');
    return EXIT.ok;
  }
  if (start) return runAgent({ ...config, join: null });
  printLine(cli, 'It takes work when it is started: playfleet worker, or playfleet worker install-service');
  return EXIT.ok;
}

async function byCode(
  cli: Cli,
  code: string,
  { at, search }: { at: string | undefined; search: boolean | undefined },
): Promise<{ line: string; name: string }> {
  const address = at ?? (search ? await foundAddress(cli) : null);
  if (address === null) {
    throw new CliFailure(
      'Where is the coordinator?',
      'Add --at ADDRESS, which stands beside the code, or --discover to look for it on the LAN.',
    );
  }
  try {
    const joinable = await joinByCode({ address, code });
    return { line: lineOf(joinable), name: joinable.name };
  } catch (error) {
    if (error instanceof JoinRefused) throw new CliFailure(error.message, error.mend, { cause: error });
    throw error;
  }
}

/** The only one that announces itself here. Where several do, people choose: it could be anybody's. */
async function foundAddress(cli: Cli): Promise<string> {
  const found = await discover(SEARCH_MS, { clock: cli.clock }).catch((error: Error) => {
    throw new CliFailure(`The LAN cannot be searched: ${error.message}.`, 'Name the address with --at.', {
      cause: error,
    });
  });
  const [one, ...others] = found;
  if (one === undefined) {
    throw new CliFailure(
      'No coordinator announces itself on this network.',
      'Start it with --announce, or name its address with --at: many networks keep such announcements from passing.',
    );
  }
  if (others.length > 0)
    throw new CliFailure(`Several coordinators announce themselves: ${sayFound(found)}.`, 'Choose with --at.');
  printLine(cli, `Found ${sayFound([one])}; the code will prove it.`);
  return one.address;
}

const sayFound = (found: readonly Found[]): string =>
  found.map(({ name, address }) => `${foreignLine(name)} (${address})`).join(', ');
