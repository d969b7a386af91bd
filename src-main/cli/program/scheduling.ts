/** Commands about where and when tasks run. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { SchedulingKind } from '../commands/scheduling.ts';
import type { Act } from '../program.ts';
import { CliFailure } from '../failure.ts';
import { wholeNumber } from '../run/quantities.ts';

interface Json {
  json?: boolean;
}

const JSON_OPTION = ['--json', 'print JSON'] as const;

interface RuleOptions extends Json {
  project?: string;
  tag?: string;
  branch?: string;
  browser?: string;
  prefer?: string;
  require?: string;
  avoid?: string;
  strategy?: string;
  priority?: string;
}

export function addSchedulingCommands(program: Command, cli: Cli, act: Act): void {
  const rules = addKind(program, cli, act, 'rules', 'rules that say which workers take what, and what comes first');
  rules
    .command('add')
    .summary('add a rule behind the others')
    .argument('<name>', 'what to call it')
    .option('--project <name>', 'when a run is of this project')
    .option('--tag <tag>', 'when a run has this tag')
    .option('--branch <pattern>', 'when a run is of this branch; * stands for any text')
    .option('--browser <name>', 'when tests use chromium, firefox or webkit')
    .option('--prefer <tag>', 'rather workers with this tag')
    .option('--require <tag>', 'only workers with this tag')
    .option('--avoid <tag>', 'workers with this tag last')
    .option('--strategy <name>', 'choose workers by this strategy')
    .option('--priority <n>', "in place of the run's own")
    .option(...JSON_OPTION)
    .action(act(async (name: string, options: RuleOptions) => add(cli, 'rules', ruleOf(name, options), options)));
  addKind(program, cli, act, 'caps', 'how many tasks may run at once, over all machines')
    .command('add')
    .summary('add a cap')
    .argument('<limit>', 'tasks at once')
    .option('--tag <tag>', 'of runs with this tag')
    .option('--environment <name>', 'of runs against this environment or base_url')
    .option(...JSON_OPTION)
    .action(
      act(async (limit: string, { json, ...what }: Json & { tag?: string; environment?: string }) =>
        add(cli, 'caps', { ...what, limit: wholeNumber('<limit>', limit, 0, 100_000) }, { json: json === true }),
      ),
    );
  addKind(program, cli, act, 'weights', 'how large the part of a user or project is where slots are short')
    .command('add')
    .summary('add a weight')
    .argument('<weight>', '1 for whom nothing is set; 2 gets twice as much')
    .option('--user <name>', 'of the runs of this user')
    .option('--project <name>', "of this project's runs, among those of one user")
    .option(...JSON_OPTION)
    .action(
      act(async (weight: string, { json, ...who }: Json & { user?: string; project?: string }) =>
        add(cli, 'weights', { ...who, weight: numberOf('<weight>', weight) }, { json: json === true }),
      ),
    );
}

function addKind(program: Command, cli: Cli, act: Act, kind: SchedulingKind, summary: string): Command {
  const load = () => import('../commands/scheduling.ts');
  const command = program.command(kind).summary(`list, add and remove ${summary}`);
  command
    .command('list', { isDefault: true })
    .summary('in the order in which they count')
    .option(...JSON_OPTION)
    .action(act(async (options: Json) => (await load()).listScheduling(cli, kind, options)));
  command
    .command('remove')
    .summary('end one')
    .argument('<id>', `as playfleet ${kind} list shows it`)
    .option(...JSON_OPTION)
    .action(act(async (id: string, options: Json) => (await load()).removeScheduling(cli, kind, id, options)));
  return command;
}

const add = async (cli: Cli, kind: SchedulingKind, value: object, options: Json): Promise<number> =>
  (await import('../commands/scheduling.ts')).addScheduling(cli, kind, value, options);

function ruleOf(name: string, options: RuleOptions): object {
  const { project, tag, branch, browser, prefer, require, avoid, strategy, priority } = options;
  return {
    name,
    when: { project, tag, branch, browser },
    then: {
      prefer,
      require,
      avoid,
      strategy,
      ...(priority === undefined ? {} : { priority: wholeNumber('--priority', priority, 0, 1000) }),
    },
  };
}

function numberOf(argument: string, text: string): number {
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text)) return Number(text);
  throw new CliFailure(`${argument} takes a number such as 2 or 0.5, not "${text}".`);
}
