/** Runs a program to its end: output by line, a time limit, and nothing of its process group left behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Clock } from '../../shared/base/clock.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface CommandOptions {
  cwd: string;
  /** The whole environment of the program; nothing is inherited. */
  env: Env;
  clock: Clock;
  /** Whose process it is; this one's by default. */
  as?: { uid?: number; gid?: number };
  /** Called with each line of stdout and stderr as it comes, without its line end. */
  onLine?: (line: string) => void;
  /** Keep stdout whole and hand it back as bytes; without it, stdout only feeds lines. */
  capture?: boolean;
  /** Milliseconds after which the program and its children are stopped. */
  timeoutMs?: number;
  /** Stops the program and its children; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Windows starts npm and its like only through a shell. Never with words that came from outside. */
  shell?: boolean;
}

export interface CommandResult {
  /** null when a signal ended it. */
  exitCode: number | null;
  timedOut: boolean;
  stdout: Buffer;
  /** The last lines of both streams, oldest first. */
  lastLines: string[];
}

/** The program is not on this machine's PATH. */
export class CommandNotFound extends Error {
  readonly command: string;
  constructor(command: string, cause: unknown) {
    super(`${command} is not installed on this machine, or not on its PATH`, { cause });
    this.command = command;
  }
}

const KEPT_LINES = 40;
const LONGEST_LINE = 4000;
const KILL_AFTER_MS = 3000;

/** Resolves with how the program ended, whatever its exit code; rejects when it cannot be started or was aborted. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    ...options.as,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a stop reaches its children too; and no terminal, so that nothing can ask questions.
    detached: process.platform !== 'win32',
    shell: options.shell ?? false,
    windowsHide: true,
  });
  const captured: Buffer[] = [];
  const lastLines: string[] = [];
  const keep = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
    options.onLine?.(line);
  };
  if (options.capture) child.stdout.on('data', (chunk: Buffer) => captured.push(chunk));
  else eachLine(child.stdout, keep);
  eachLine(child.stderr, keep);

  let timedOut = false;
  let stopped = false;
  const cleanUps: (() => void)[] = [];
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    signalGroup(child, 'SIGTERM');
    cleanUps.push(options.clock.after(KILL_AFTER_MS, () => signalGroup(child, 'SIGKILL')));
  };
  if (options.timeoutMs !== undefined) {
    cleanUps.push(
      options.clock.after(options.timeoutMs, () => {
        timedOut = true;
        stop();
      }),
    );
  }
  options.signal?.addEventListener('abort', stop);
  try {
    const exitCode = await ended(child, command, options.cwd);
    // What the program started and did not wait for must not go on writing behind our back.
    if (stopped) signalGroup(child, 'SIGKILL');
    options.signal?.throwIfAborted();
    return { exitCode, timedOut, stdout: Buffer.concat(captured), lastLines };
  } finally {
    options.signal?.removeEventListener('abort', stop);
    for (const cleanUp of cleanUps) cleanUp();
  }
}

function ended(child: ChildProcess, command: string, cwd: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      // Node says ENOENT, and names the command, also when it is the folder that is missing.
      if (error.code !== 'ENOENT')
        reject(new Error(`cannot start ${command} in ${cwd}: ${error.message}`, { cause: error }));
      else if (existsSync(cwd)) reject(new CommandNotFound(command, error));
      else reject(new Error(`cannot start ${command}: the folder ${cwd} does not exist`, { cause: error }));
    });
    child.once('close', (code) => resolve(code));
  });
}

function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.replace(/\r$/, '').slice(0, LONGEST_LINE));
    if (rest.length > LONGEST_LINE) {
      onLine(rest.slice(0, LONGEST_LINE));
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
