/** Commands that make this machine a worker of one or several coordinators. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { CoordinatorsOptions } from '../commands/coordinators.ts';
import type { JoinFlags } from '../commands/join.ts';
import type { Act } from '../program.ts';
import { withWorkerOptions } from './serve.ts';

const JSON_OPTION = ['--json', 'print JSON'] as const;
const DATA_OPTION = ['--data <folder>', "the worker's data folder"] as const;

export function addJoinCommands(program: Command, cli: Cli, act: Act): void {
  withWorkerOptions(program.command('join'), { joins: false })
    .summary('make this machine a worker, by six words or a link')
    .description(
      'Makes this machine a worker of the coordinator that shows the six words (dashboard, Workers, Add a worker; or playfleet token create --code), and starts it. The words are never sent, and prove the coordinator to this machine as well.',
    )
    .argument('<words...>', 'the six words, each whole or its first four letters; or the link')
    .option('--at <address>', 'where the coordinator is, as https://mill:4800')
    .option('--discover', 'look for it on the LAN')
    .option('--no-start', 'enrol only')
    .action(
      act(async (words: string[], flags: JoinFlags) => (await import('../commands/join.ts')).join(cli, words, flags)),
    );
  const coordinators = program
    .command('coordinators')
    .summary('where this machine is enrolled, and which of them it works for')
    .option(...DATA_OPTION)
    .option(...JSON_OPTION)
    .action(
      act(async (options: CoordinatorsOptions) =>
        (await import('../commands/coordinators.ts')).listCoordinators(cli, options),
      ),
    );
  coordinators
    .command('use')
    .summary('work for another one; what runs is finished first')
    .argument('<name>', 'id, name or address, as in: playfleet coordinators')
    .option(...DATA_OPTION)
    .option(...JSON_OPTION)
    .action(
      act(async (name: string, options: CoordinatorsOptions) =>
        (await import('../commands/coordinators.ts')).useCoordinator(cli, name, options),
      ),
    );
  coordinators
    .command('forget')
    .summary('throw the key for one away')
    .argument('<name>', 'id, name or address, as in: playfleet coordinators')
    .option('--force', 'also reports that have not reached it')
    .option(...DATA_OPTION)
    .option(...JSON_OPTION)
    .action(
      act(async (name: string, options: CoordinatorsOptions & { force?: boolean }) =>
        (await import('../commands/coordinators.ts')).forgetCoordinator(cli, name, options),
      ),
    );
}
