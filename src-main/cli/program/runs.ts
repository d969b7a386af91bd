/** Commands about runs. */
import { Option, type Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { ListOptions } from '../commands/runs.ts';
import type { RunOptions } from '../run/request.ts';
import type { Act } from '../program.ts';

interface Json {
  json?: boolean;
}

const JSON_OPTION = ['--json', 'print JSON'] as const;
const many = (value: string, before: string[] = []): string[] => [...before, value];

export function addRunCommands(program: Command, cli: Cli, act: Act): void {
  addRun(program, cli, act);
  program
    .command('status')
    .summary('what goes on: in the fleet, or in one run')
    .argument('[run]', 'number or id')
    .option(...JSON_OPTION)
    .action(
      act(async (run: string | undefined, options: Json) =>
        (await import('../commands/runs.ts')).showStatus(cli, run, options),
      ),
    );
  program
    .command('runs')
    .summary('list runs, newest first')
    .option('--limit <n>', 'how many (default: 20)')
    .option('--project <name>', 'only of this project')
    .addOption(
      new Option('--status <state>', 'only in this state').choices([
        'pending',
        'scheduling',
        'running',
        'completed',
        'failed',
        'cancelled',
      ]),
    )
    .option('--tag <tag>', 'only with this label')
    .option(...JSON_OPTION)
    .action(act(async (options: ListOptions) => (await import('../commands/runs.ts')).listRuns(cli, options)));
  program
    .command('cancel')
    .summary('end a run: nothing of it starts any more')
    .argument('<run>', 'number or id')
    .option('--reason <text>', 'kept with the run')
    .option(...JSON_OPTION)
    .action(
      act(async (run: string, options: Json & { reason?: string }) =>
        (await import('../commands/runs.ts')).cancelRun(cli, run, options),
      ),
    );
  program
    .command('retry')
    .summary('run again what a run ran')
    .argument('<run>', 'number or id')
    .option('--failed', 'only what failed or never ran')
    .option(...JSON_OPTION)
    .action(
      act(async (run: string, options: Json & { failed?: boolean }) =>
        (await import('../commands/runs.ts')).retryRun(cli, run, options),
      ),
    );
  program
    .command('open')
    .summary('open the report of a run in a browser')
    .argument('<run>', 'number or id')
    .option('--json', 'print its address as JSON instead')
    .action(
      act(async (run: string, options: Json) => (await import('../commands/report.ts')).openReport(cli, run, options)),
    );
  program
    .command('download')
    .summary('download everything of a run as one zip')
    .argument('<run>', 'number or id')
    .option('--dir <folder>', 'where to (default: here)')
    .option(...JSON_OPTION)
    .action(
      act(async (run: string, options: Json & { dir?: string }) =>
        (await import('../commands/report.ts')).downloadArchive(cli, run, options),
      ),
    );
  program
    .command('explain')
    .summary("where the time of a run's slots went, and what would make it shorter")
    .argument('<run>', 'number or id')
    .option(...JSON_OPTION)
    .action(
      act(async (run: string, options: Json) =>
        (await import('../commands/explain.ts')).explainCommand(cli, run, options),
      ),
    );
  program
    .command('logs')
    .summary('what the tasks of a run printed')
    .argument('<run>', 'number or id')
    .option('--task <id>', 'only this task')
    .option('--json', 'print one JSON object a line')
    .action(
      act(async (run: string, options: Json & { task?: string }) =>
        (await import('../commands/logs.ts')).showLogs(cli, run, options),
      ),
    );
}

function addRun(program: Command, cli: Cli, act: Act): void {
  program
    .command('run')
    .summary('run the Playwright suite of this folder on the fleet')
    .description('Runs the Playwright suite of this folder on the fleet, shows how it goes, and ends with its verdict.')
    .argument(
      '[playwright-args...]',
      'file filters, and behind -- options of Playwright: -- --grep @smoke --project chromium',
    )
    .option('--name <text>', 'name of the run (default: branch and commit)')
    .option('--project <name>', "whose history it belongs to (default: the package's name)")
    .option('--team <name>', 'whose project it is (default: your only team, or the first of the installation)')
    .option('--shards <n>', "cut the suite with Playwright's own --shard instead of feeding tests one by one")
    .addOption(
      new Option('--source <kind>', 'what the workers run (default: bundle, the working tree)').choices([
        'bundle',
        'git',
        'path',
      ]),
    )
    .option('--git <url>', 'run a repository instead of this folder')
    .option('--ref <ref>', 'branch, tag or commit of --git (default: its default branch)')
    .option('--dir <folder>', "the suite's folder in --git (default: its top)")
    .option('--path <folder>', 'run a folder that exists on every worker')
    .option('--config <file>', 'Playwright config file or its folder')
    .option('--tag <tag>', 'label the run; may be repeated', many)
    .option(
      '--require <needs>',
      'only workers with browser=…, platform=…, arch=…, tag=…, cpus=…, memory=…; may be repeated',
      many,
    )
    .option(
      '--after <run>',
      'wait for run 12; also 12:end, 12:failure, and what happens otherwise: 12:skip, 12:run, 12:wait; may be repeated',
      many,
    )
    .option('--groups <file>', 'JSON file with groups of tests, of which some begin after others')
    .option(
      '--request <what>',
      'set aside for each slot: cpus=…,memory=…, or @tag:cpus=… for its tests; may be repeated',
      many,
    )
    .option('--environment <name>', 'what it tests against: its secrets and caps (default: default)')
    .option('--priority <n>', 'higher runs first (default: 100)')
    .option(
      '--deadline <time>',
      'when it should be done, as 15:30, 45m or 2030-05-01T15:30: it comes first as that nears',
    )
    .option(
      '--env <name[=value]>',
      'environment variable for the tests; without a value, the one set here; may be repeated',
      many,
    )
    .option('--base-url <url>', 'address of the application under test')
    .option('--timeout <time>', 'time limit of one test, as 30s; a number alone is milliseconds, 0 is none')
    .option('--retries <n>', 'how often Playwright tries a failing test again')
    .option('--task-timeout <time>', 'time limit of one task on a worker, as 30m')
    .option('--max-size <size>', 'largest working tree that may travel (default: 200MB)')
    .option('--failed', 'only the tests that failed in the last run of this project, with the files as they are now')
    .option('--failures-first', 'begin with the tests that have failed lately')
    .option('--template <name>', 'with the settings of a run template; the files are those here unless it names others')
    .option('--detach', 'do not wait for the end')
    .option('--report-dir <folder>', 'put the HTML, JSON and JUnit reports there')
    .option('--open', 'open the report in a browser')
    .option('--explain', "say at the end where the slots' time went, against the least that was possible")
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', '\nExit codes: 0 passed, 1 tests failed, 2 could not run, 130 cancelled with Ctrl-C.')
    .action(
      act(async (playwrightArgs: string[], options: RunOptions) =>
        (await import('../commands/run.ts')).runCommand(cli, playwrightArgs, options),
      ),
    );
}
