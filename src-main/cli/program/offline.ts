/** Commands for the time without the coordinator. */
import { Option, type Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { DemoteFlags } from '../commands/demote.ts';
import type { PromoteFlags } from '../commands/promote.ts';
import type { SwitchOptions } from '../commands/switch.ts';
import type { Act } from '../program.ts';
import { COPY_KEY_OPTION } from './serve.ts';

interface Json {
  json?: boolean;
}

const JSON_OPTION = ['--json', 'print JSON'] as const;
const DATA_OPTION = ['--data <folder>', "the worker's data folder"] as const;

export function addOfflineCommands(program: Command, cli: Cli, act: Act): void {
  program
    .command('promote')
    .summary('stand in for the coordinator that is away, from the copy that this machine keeps')
    .option('--host <address>', 'where it listens (default: 0.0.0.0, all)')
    .option('--port <n>', 'of the API (default: 4800, or any free one)')
    .option('--content-port <n>', 'of reports (default: the next one)')
    .addOption(new Option('--with-secrets', 'open the secrets of the copy').conflicts(['withoutSecrets']))
    .addOption(new Option('--without-secrets', 'leave them closed: runs go without').conflicts(['withSecrets']))
    .option(...DATA_OPTION)
    .option(...COPY_KEY_OPTION)
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (default: warn)')
    .option('--json', 'print one JSON line when it is ready')
    .action(act(async (flags: PromoteFlags) => (await import('../commands/promote.ts')).promoteHere(cli, flags)));
  program
    .command('demote')
    .summary('end that: bring all runs home, then delete what this machine kept')
    .option('--now', 'cancel what has not ended')
    .option('--keep', 'delete nothing')
    .option(...DATA_OPTION)
    .option(...JSON_OPTION)
    .action(act(async (flags: DemoteFlags) => (await import('../commands/demote.ts')).demoteHere(cli, flags)));
  program
    .command('switch')
    .summary('work for a promoted coordinator with this machine, or go home')
    .argument('<where>', 'its address, as https://10.0.0.5:4800; or: home')
    .option('--yes', 'do not ask')
    .option(...DATA_OPTION)
    .option(...JSON_OPTION)
    .action(
      act(async (where: string, options: SwitchOptions) =>
        (await import('../commands/switch.ts')).switchTo(cli, where, options),
      ),
    );
  addCopies(program, cli, act);
}

function addCopies(program: Command, cli: Cli, act: Act): void {
  const copies = program
    .command('copies')
    .summary('which machines keep a copy of the coordinator to stand in for it, and who may')
    .option(...JSON_OPTION)
    .action(act(async (options: Json) => (await import('../commands/copies.ts')).listCopies(cli, options)));
  copies
    .command('allow')
    .summary('let a machine keep one')
    .argument('<name>', 'host name or id of its worker')
    .option('--secrets', 'with the values of secrets')
    .option(...JSON_OPTION)
    .action(
      act(async (name: string, { secrets, ...options }: Json & { secrets?: boolean }) =>
        (await import('../commands/copies.ts')).permitCopy(cli, name, secrets ? 'secrets' : 'yes', options),
      ),
    );
  copies
    .command('forbid')
    .summary('take that back; the machine removes its copy')
    .argument('<name>', 'host name or id of its worker')
    .option(...JSON_OPTION)
    .action(
      act(async (name: string, options: Json) =>
        (await import('../commands/copies.ts')).permitCopy(cli, name, 'no', options),
      ),
    );
}
