/** Commands about people and what they did. */
import { Option, type Command } from 'commander';
import { ROLES, type Role } from '../../../shared/protocol/rest/roles.ts';
import type { Cli } from '../cli.ts';
import type { Act } from '../program.ts';

interface Json {
  json?: boolean;
}

const JSON_OPTION = ['--json', 'print JSON'] as const;

export function addPeopleCommands(program: Command, cli: Cli, act: Act): void {
  const people = program.command('people').summary('who has an account: list, invite, remove, let in again');
  people
    .command('list', { isDefault: true })
    .summary('people, and invitations that nobody has followed yet')
    .option(...JSON_OPTION)
    .action(act(async (options: Json) => (await import('../commands/people.ts')).listPeople(cli, options)));
  people
    .command('invite <email>')
    .summary('make a link for somebody new; it works once, for seven days')
    .addOption(new Option('--role <role>', 'what they may do in the team').choices(ROLES).default('runner'))
    .option('--team <name>', 'the team that they join', 'default')
    .option('--admin', 'an admin of the whole installation, in place of a role in a team')
    .option(...JSON_OPTION)
    .action(
      act(async (email: string, options: Json & { role: Role; team: string; admin?: boolean }) =>
        (await import('../commands/people.ts')).invitePerson(cli, email, options),
      ),
    );
  people
    .command('remove <email>')
    .summary('remove an account, or take an invitation back; signed out everywhere at once')
    .option(...JSON_OPTION)
    .action(
      act(async (email: string, options: Json) =>
        (await import('../commands/people.ts')).removePerson(cli, email, options),
      ),
    );
  people
    .command('reset <email>')
    .summary('make a link for a new password; it works once, for a day')
    .option('--second-factor', 'take off a second factor that was lost, instead')
    .option(...JSON_OPTION)
    .action(
      act(async (email: string, options: Json & { secondFactor?: boolean }) =>
        (await import('../commands/people.ts')).resetPerson(cli, email, options),
      ),
    );
  const teams = program.command('teams').summary('teams, whose projects are kept apart');
  teams
    .command('list', { isDefault: true })
    .summary('your teams, and what you may do there')
    .option(...JSON_OPTION)
    .action(act(async (options: Json) => (await import('../commands/teams.ts')).listTeams(cli, options)));
  teams
    .command('create <name>')
    .summary('make one')
    .option(...JSON_OPTION)
    .action(
      act(async (name: string, options: Json) => (await import('../commands/teams.ts')).createTeam(cli, name, options)),
    );
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
