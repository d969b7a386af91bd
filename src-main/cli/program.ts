/** All commands and their options; what they do is loaded when they are called. */
import { Command, CommanderError } from 'commander';
import type { Cli } from './cli.ts';
import { EXIT } from './failure.ts';
import { addBackupCommands } from './program/backups.ts';
import { addFleetCommands } from './program/fleet.ts';
import { addOfflineCommands } from './program/offline.ts';
import { addJoinCommands } from './program/joining.ts';
import { addPeopleCommands } from './program/people.ts';
import { addRunCommands } from './program/runs.ts';
import { addSchedulingCommands } from './program/scheduling.ts';
import { addServeCommands } from './program/serve.ts';
import { addUpdateCommands } from './program/updates.ts';
import { VERSION } from './version.ts';

/** Wraps an action so that its exit code becomes the program's. */
export type Act = <A extends unknown[]>(action: (...given: A) => Promise<number>) => (...given: A) => Promise<void>;

/** Resolves with the exit code; rejects with what showFailure prints. */
export async function runProgram(cli: Cli, args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const act: Act =
    (action) =>
    async (...given) => {
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

function createProgram(cli: Cli, act: Act): Command {
  const program = new Command('playfleet')
    .description("Runs your team's Playwright tests on the machines you already own.")
    .version(VERSION, '-v, --version')
    .helpCommand(false)
    // A command's options stand behind it: `workers pause NAME --json` is not `workers --json`.
    .enablePositionalOptions()
    .showHelpAfterError('playfleet COMMAND --help tells what it takes.')
    .configureOutput({
      writeOut: (text) => void cli.stdout.write(text),
      writeErr: (text) => void cli.stderr.write(text),
      getOutHelpWidth: () => cli.stdout.columns ?? 80,
      outputError: (text, write) => write(text.replace(/^error: /, 'playfleet: ')),
    })
    .exitOverride();
  addRunCommands(program, cli, act);
  addServeCommands(program, cli, act);
  addJoinCommands(program, cli, act);
  addFleetCommands(program, cli, act);
  addSchedulingCommands(program, cli, act);
  addPeopleCommands(program, cli, act);
  addBackupCommands(program, cli, act);
  addOfflineCommands(program, cli, act);
  addUpdateCommands(program, cli, act);
  return program;
}
