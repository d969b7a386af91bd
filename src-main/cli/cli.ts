/** What every command is given. */
import type { Clock } from '../../shared/base/clock.ts';
import type { CliConfig } from './config.ts';
import type { TerminalStream } from './terminal/live-region.ts';
import { makeStyle, wantsColour, wantsUnicode, type Style } from './terminal/style.ts';

export interface CliStream extends TerminalStream {
  isTTY?: boolean;
}

export interface Cli {
  config: CliConfig;
  stdout: CliStream;
  stderr: CliStream;
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  /** Absolute. */
  cwd: string;
}

/** A command's exit code. */
export type Command<A extends unknown[]> = (cli: Cli, ...args: A) => Promise<number>;

export function styleOf(cli: Cli, stream: CliStream = cli.stdout): Style {
  const { terminal } = cli.config;
  return makeStyle({ colour: wantsColour(terminal, stream.isTTY === true), unicode: wantsUnicode(terminal) });
}

export function printJson(cli: Cli, value: unknown): void {
  cli.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function printLine(cli: Cli, line = ''): void {
  cli.stdout.write(`${line}\n`);
}
