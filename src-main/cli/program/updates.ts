/** Commands about updates of the machines. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Act } from '../program.ts';

interface Json {
  json?: boolean;
}

const JSON_OPTION = ['--json', 'print JSON'] as const;

export function addUpdateCommands(program: Command, cli: Cli, act: Act): void {
  const commands = () => import('../commands/updates.ts');
  const updates = program
    .command('updates')
    .summary('versions of Playfleet that the machines get from this coordinator')
    .option(...JSON_OPTION)
    .action(act(async (options: Json) => (await commands()).listUpdates(cli, options)));
  updates
    .command('import')
    .summary('offer a signed release to the machines')
    .argument('<folder>', 'with the packages and playfleet-<channel>.json')
    .option('--channel <name>', 'where there are several manifests')
    .option(...JSON_OPTION)
    .action(
      act(async (folder: string, options: Json & { channel?: string }) =>
        (await commands()).importUpdate(cli, folder, options),
      ),
    );
  updates
    .command('stage')
    .summary('offer it to fewer machines than its publisher does, or to all of those again')
    .argument('<version>', 'or its id')
    .argument('<percent>', '0 to what is signed, or all')
    .option(...JSON_OPTION)
    .action(
      act(async (which: string, percent: string, options: Json) =>
        (await commands()).stageUpdate(cli, which, percent, options),
      ),
    );
  updates
    .command('withdraw')
    .summary('offer it to nobody any more; machines that have it keep it')
    .argument('<version>', 'or its id')
    .option(...JSON_OPTION)
    .action(act(async (which: string, options: Json) => (await commands()).withdrawUpdate(cli, which, options)));
}
