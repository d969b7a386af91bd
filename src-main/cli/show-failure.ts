/** Says what went wrong: one line and the mend, for programs as one JSON object; a stack only where it was asked for. */
import type { Cli } from './cli.ts';
import { styleOf } from './cli.ts';
import { CliFailure, EXIT, messageOf } from './failure.ts';
import { foreign } from './terminal/foreign.ts';

/** Errors of other parts whose message is written for people and holds its own mend. */
const WRITTEN_FOR_PEOPLE = new Set([
  'AgentError',
  'BundleError',
  'ConfigError',
  'GitError',
  'NewerDatabaseError',
  'PlaywrightRefusal',
  'StorageFullError',
  'StorageLockedError',
]);

/** Prints, and returns the exit code. */
export function showFailure(cli: Cli, error: unknown, json: boolean): number {
  const known = error instanceof CliFailure;
  const forPeople = known || (error instanceof Error && WRITTEN_FOR_PEOPLE.has(error.name));
  const message = forPeople ? messageOf(error) : `Something unexpected went wrong: ${messageOf(error)}`;
  const mend = known ? error.mend : forPeople ? '' : 'Set PLAYFLEET_DEBUG=1 to see where.';
  if (json) cli.stdout.write(`${JSON.stringify({ type: 'failure', message, mend, exit_code: EXIT.trouble })}\n`);
  const style = styleOf(cli, cli.stderr);
  cli.stderr.write(`${style.paint('red', `playfleet: ${foreign(message, false)}`)}\n`);
  if (mend !== '') cli.stderr.write(`${foreign(mend, false)}\n`);
  if (cli.config.debug && error instanceof Error) cli.stderr.write(`${foreign(stacks(error), false)}\n`);
  return EXIT.trouble;
}

function stacks(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by ${stacks(error.cause)}` : own;
}
