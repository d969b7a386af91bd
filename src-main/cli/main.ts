/** The program `playfleet`. Commands load what they need only when they are called: `--help` is quick, and a worker holds no coordinator. */
import process from 'node:process';
import { systemClock } from '../../shared/base/clock.ts';
import type { Cli } from './cli.ts';
import { readCliConfig } from './config.ts';
import { EXIT } from './failure.ts';
import { runProgram } from './program.ts';
import { showFailure } from './show-failure.ts';

const cli: Cli = {
  config: readCliConfig(),
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  random: Math.random,
  cwd: process.cwd(),
};

// A reader that has seen enough (`playfleet runs | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

// A clock's timers do not keep the process alive, but a command that waits has not finished.
const alive = setInterval(() => undefined, 2 ** 30);
try {
  process.exitCode = await runProgram(cli, process.argv.slice(2));
} catch (error) {
  process.exitCode = showFailure(cli, error, process.argv.includes('--json'));
} finally {
  clearInterval(alive);
}
