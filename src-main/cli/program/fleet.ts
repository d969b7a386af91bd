/** Commands about access and workers. */
import { Option, type Command } from 'commander';
import { ROLES, type Role } from '../../../shared/protocol/rest/roles.ts';
import type { Cli } from '../cli.ts';
import { CliFailure } from '../failure.ts';
import type { SecretOptions } from '../commands/secrets.ts';
import type { Act } from '../program.ts';

interface Json {
  json?: boolean;
}

const JSON_OPTION = ['--json', 'print JSON'] as const;

export function addFleetCommands(program: Command, cli: Cli, act: Act): void {
  program
    .command('login')
    .summary('work with a coordinator')
    .description(
      "Keeps this user's way into a coordinator: with the one-time admin link that it printed, or with an API token.",
    )
    .argument('<link>', "in quotes: 'http://host:port/welcome#token=pfa_…' or 'http://host:port#pft_…'")
    .option(...JSON_OPTION)
    .action(
      act(async (link: string, options: Json) => (await import('../commands/login.ts')).login(cli, link, options)),
    );
  program
    .command('logout')
    .summary('forget the way into the coordinator, and revoke it')
    .option(...JSON_OPTION)
    .action(act(async (options: Json) => (await import('../commands/login.ts')).logout(cli, options)));
  program
    .command('doctor')
    .summary('look for what is wrong, and say how to mend it')
    .option('--data <folder>', "the worker's data folder")
    .option(...JSON_OPTION)
    .action(
      act(async (options: Json & { data?: string }) => (await import('../commands/doctor.ts')).doctor(cli, options)),
    );
  addWorkers(program, cli, act);
  addToken(program, cli, act);
  addSecrets(program, cli, act);
}

function addSecrets(program: Command, cli: Cli, act: Act): void {
  const secrets = program.command('secrets').summary('what tests need and nobody may read: passwords, keys');
  const withProject = (name: string, summary: string) =>
    secrets
      .command(name)
      .summary(summary)
      .option('--project <name>', "as runs name it (default: the suite's own)")
      .option('--team <name>', 'whose project, where several of your teams have one of that name')
      .option(...JSON_OPTION);
  withProject('set', 'set or replace one; its value comes from stdin or is asked for')
    .argument('<name>', 'of the environment variable that tests get')
    .option('--environment <name>', 'for runs with the same option (default: default)')
    .option('--in-discovery', 'also for listing the tests, where the config does not load without it')
    .action(
      act(async (name: string, options: SecretOptions) =>
        (await import('../commands/secrets.ts')).setSecret(cli, name, options),
      ),
    );
  withProject('list', 'names, and who set them when; never the values').action(
    act(async (options: SecretOptions) => (await import('../commands/secrets.ts')).listSecrets(cli, options)),
  );
  withProject('remove', 'forget one')
    .argument('<name>', 'as in: playfleet secrets list')
    .option('--environment <name>', 'of which environment (default: default)')
    .action(
      act(async (name: string, options: SecretOptions) =>
        (await import('../commands/secrets.ts')).removeSecret(cli, name, options),
      ),
    );
}

function addWorkers(program: Command, cli: Cli, act: Act): void {
  const workers = program
    .command('workers')
    .summary('list the machines, and drain, pause, resume, reset or remove one')
    .option(...JSON_OPTION)
    .action(act(async (options: Json) => (await import('../commands/workers.ts')).listWorkers(cli, options)));
  const verbs = [
    ['drain', 'draining', 'let it finish what it runs, give it nothing new'],
    ['pause', 'paused', 'give it nothing new for now'],
    ['resume', 'active', 'give it work again'],
  ] as const;
  for (const [verb, intent, summary] of verbs) {
    workers
      .command(verb)
      .summary(summary)
      .argument('<name>', 'host name or id')
      .option('--reason <text>', 'shown beside its state')
      .option(...JSON_OPTION)
      .action(
        act(async (name: string, options: Json & { reason?: string }) =>
          (await import('../commands/workers.ts')).setIntent(cli, name, intent, options),
        ),
      );
  }
  workers
    .command('reset')
    .summary('give it work again at once after failures held it back')
    .argument('<name>', 'host name or id')
    .option(...JSON_OPTION)
    .action(
      act(async (name: string, options: Json) =>
        (await import('../commands/workers.ts')).resetBreaker(cli, name, options),
      ),
    );
  workers
    .command('approve')
    .summary('let it have work, where new machines wait for that')
    .argument('<name>', 'host name or id')
    .option(...JSON_OPTION)
    .action(
      act(async (name: string, options: Json) =>
        (await import('../commands/workers.ts')).approveWorker(cli, name, options),
      ),
    );
  workers
    .command('remove')
    .summary('forget a machine; its key works no longer')
    .argument('<name>', 'host name or id')
    .option(...JSON_OPTION)
    .action(
      act(async (name: string, options: Json) =>
        (await import('../commands/workers.ts')).removeWorker(cli, name, options),
      ),
    );
}

interface CreateOptions extends Json {
  join?: boolean;
  code?: boolean;
  api?: boolean;
  adminLink?: boolean;
  name?: string;
  role?: Role;
  expires?: string;
}

function addToken(program: Command, cli: Cli, act: Act): void {
  const tokens = program.command('token').summary('let people, programs and workers in');
  tokens
    .command('create')
    .summary('make one; its secret is shown only now')
    .addOption(new Option('--join', 'enrols one worker, once').conflicts(['api', 'adminLink', 'code']))
    .addOption(new Option('--code', 'the same as six words, for ten minutes').conflicts(['api', 'adminLink']))
    .addOption(new Option('--api', 'for people, programs and CI').conflicts(['join', 'adminLink']))
    .addOption(new Option('--admin-link', 'lets one person in, once').conflicts(['join', 'api']))
    .option('--name <text>', 'whose or what for')
    .addOption(new Option('--role <role>', 'with --api: what it may do (default: runner)').choices(ROLES))
    .option('--team <name>', 'of what alone it may do something, or for whom alone the worker works')
    .option('--expires <time>', 'how long it works, as 1h or 30d (default: 1h; --api: no end)')
    .option(...JSON_OPTION)
    .action(
      act(async ({ join, code, api, adminLink, ...options }: CreateOptions) => {
        if (code) return (await import('../commands/join-code.ts')).createJoinCode(cli, options);
        const kind = join ? 'join' : api ? 'api' : adminLink ? 'admin_link' : null;
        if (kind === null)
          throw new CliFailure(
            'Which kind of token?',
            'Add --join or --code for a worker, --api for a program, or --admin-link for a person.',
          );
        return (await import('../commands/token.ts')).createToken(cli, { kind, ...options });
      }),
    );
  tokens
    .command('list')
    .summary('all tokens, without their secrets')
    .option(...JSON_OPTION)
    .action(act(async (options: Json) => (await import('../commands/token.ts')).listTokens(cli, options)));
  tokens
    .command('revoke')
    .summary('make one useless')
    .argument('<id>', 'as in: playfleet token list')
    .option(...JSON_OPTION)
    .action(
      act(async (id: string, options: Json) => (await import('../commands/token.ts')).revokeToken(cli, id, options)),
    );
}
