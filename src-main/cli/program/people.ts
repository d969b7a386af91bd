/** Commands about people and what they did. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Act } from '../program.ts';

interface Json {
  json?: boolean;
}

const JSON_OPTION = ['--json', 'print JSON'] as const;

export function addPeopleCommands(program: Command, cli: Cli, act: Act): void {
  const audit = program
    .command('audit')
    .summary('who did what with access, settings and machines; whether that log is whole')
    .option(...JSON_OPTION)
    .action(act(async (options: Json) => (await import('../commands/audit.ts')).listAudit(cli, options)));
  audit
    .command('verify')
    .summary('find out whether an entry was changed, removed or put in')
    .option('--head <seq:hash>', 'as an earlier check printed it: all up to there must be what it was')
    .option(...JSON_OPTION)
    .action(
      act(async (options: Json & { head?: string }) =>
        (await import('../commands/audit.ts')).verifyAudit(cli, options),
      ),
    );
}
