/** Starts the real program from its bundle, as a child process or in a pseudo-terminal. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export const PROGRAM = path.resolve(import.meta.dirname, '../../../dist/playfleet.mjs');

export interface StartOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Columns and rows of a pseudo-terminal; without it stdout is a pipe. */
  terminal?: { columns: number; rows: number };
}

export interface StartedCli {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  /** Exit code; rejects where a signal ended it. */
  exit: Promise<number>;
  /** Resolves when stdout matches. */
  shows: (pattern: RegExp) => Promise<void>;
  /** Ctrl-C: through the terminal where there is one. */
  interrupt: () => void;
}

/** A home of its own: nothing of the user's login is read or changed. */
export function cliHome(): Record<string, string> {
  const home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'playfleet-cli-')));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const { PATH = '' } = process.env;
  return {
    PATH,
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_CACHE_HOME: path.join(home, 'cache'),
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
  };
}

export function startCli(args: readonly string[], { cwd, env = cliHome(), terminal }: StartOptions = {}): StartedCli {
  const command = [process.execPath, PROGRAM, ...args];
  const child = terminal
    ? spawn(
        'script',
        [
          '-qefc',
          `stty cols ${terminal.columns} rows ${terminal.rows} -echo; exec ${command.map(quoted).join(' ')}`,
          '/dev/null',
        ],
        {
          cwd,
          env: { ...env, SHELL: '/bin/sh' },
          stdio: 'pipe',
        },
      )
    : spawn(command[0]!, command.slice(1), { cwd, env, stdio: 'pipe' });
  const text = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  const noticed = (): void => {
    for (const look of waiting) look();
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      noticed();
    });
  }
  let ended: string | null = null;
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      ended = `it ended with ${code ?? signal}`;
      noticed();
      if (code === null) reject(new Error(`ended by ${signal}`));
      else resolve(code);
    });
  });
  exit.catch(() => undefined);
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    exit,
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(text.stdout)) resolve();
          else if (ended !== null)
            reject(new Error(`${pattern} was not shown before ${ended}:\n${text.stdout}\n${text.stderr}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    interrupt: () => void (terminal ? child.stdin.write('\x03') : child.kill('SIGINT')),
  };
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
