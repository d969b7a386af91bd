/** All commands and their options; what they do is loaded when they are called. */
import { Command, CommanderError, Option } from 'commander';
import type { Cli } from './cli.ts';
import { EXIT } from './failure.ts';
import type { RunOptions } from './run/request.ts';
import { VERSION } from './version.ts';

/** Resolves with the exit code; rejects with what showFailure prints. */
export async function runProgram(cli: Cli, args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  /** Wraps an action so that its exit code is kept. */
  const act =
    <A extends unknown[]>(action: (...given: A) => Promise<number>) =>
    async (...given: A): Promise<void> => {
      exitCode = await action(...given);
    };
  try {
    await createProgram(cli, act).parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has said what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.trouble;
    throw error;
  }
  return exitCode;
}

type Act = <A extends unknown[]>(action: (...given: A) => Promise<number>) => (...given: A) => Promise<void>;

function createProgram(cli: Cli, act: Act): Command {
  const program = new Command('playfleet')
    .description("Runs your team's Playwright tests on the machines you already own.")
    .version(VERSION, '-v, --version')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => void cli.stdout.write(text),
      writeErr: (text) => void cli.stderr.write(text),
      getOutHelpWidth: () => cli.stdout.columns ?? 80,
      outputError: (text, write) => write(text.replace(/^error: /, 'playfleet: ')),
    })
    .exitOverride();
  addRun(program, cli, act);
  return program;
}

const many = (value: string, before: string[] = []): string[] => [...before, value];

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
    .option('--shards <n>', "cut the suite with Playwright's own --shard instead of feeding tests one by one")
    .addOption(new Option('--source <kind>', 'what the workers run').choices(['bundle', 'git', 'path']))
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
    .option('--priority <n>', 'higher runs first (default: 100)')
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
    .option('--failed', 'only the tests that failed in the last run of this project')
    .option('--detach', 'do not wait for the end')
    .option('--report-dir <folder>', 'put the HTML, JSON and JUnit reports there')
    .option('--open', 'open the report in a browser')
    .option('--json', 'print one JSON object a line')
    .action(
      act(async (playwrightArgs: string[], options: RunOptions) =>
        (await import('./commands/run.ts')).runCommand(cli, playwrightArgs, options),
      ),
    );
}
