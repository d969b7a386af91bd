/** Runs git so that neither the repository it works in nor the address it talks to can make it start anything. */
import type { Clock } from '../../shared/base/clock.ts';
import { CommandNotFound, runCommand, type CommandResult, type Env } from './run-command.ts';

export interface GitOptions {
  cwd: string;
  env: Env;
  clock: Clock;
  /** Protocols that git may use for transfers; none by default. */
  protocols?: readonly string[];
  /** Further variables for this call, such as GIT_INDEX_FILE. */
  extraEnv?: Record<string, string>;
  onLine?: (line: string) => void;
  /** false: stdout is not kept, but goes to `onLine` too. */
  capture?: boolean;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export class GitError extends Error {
  readonly exitCode: number | null;
  constructor(message: string, exitCode: number | null, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Settings of a repository or user that would start programs, or could wait for an answer; and that what is fetched stays one pack. */
const HARDENED = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'protocol.ext.allow=never',
  'gc.auto=0',
  'maintenance.auto=false',
  'fetch.unpackLimit=1',
];

/** How the owner reaches servers may be passed on; anything else named GIT_… could redirect git to another repository (in a hook, say). */
const KEPT_GIT_VARIABLES = /^GIT_(SSH|SSH_COMMAND|SSL_.*|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM))$/;

/** Resolves with git's stdout; rejects with GitError carrying git's own last words. */
export async function git(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const result = await tryGit(args, options);
  if (result.timedOut) throw new GitError(`git ${args[0]} took longer than ${(options.timeoutMs ?? 0) / 1000} s`, null);
  if (result.exitCode !== 0) {
    throw new GitError(
      `git ${args[0]} failed: ${result.lastLines.slice(-5).join(' · ') || `exit code ${result.exitCode}`}`,
      result.exitCode,
    );
  }
  return result.stdout;
}

/** As `git`, but an exit code is an answer and not an error. */
export async function tryGit(args: readonly string[], options: GitOptions): Promise<CommandResult> {
  const settings = HARDENED.flatMap((setting) => ['-c', setting]);
  try {
    return await runCommand('git', [...settings, '--literal-pathspecs', ...args], {
      cwd: options.cwd,
      env: gitEnv(options),
      clock: options.clock,
      capture: options.capture ?? true,
      ...(options.onLine && { onLine: options.onLine }),
      ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
      ...(options.signal && { signal: options.signal }),
    });
  } catch (error) {
    if (error instanceof CommandNotFound) throw new GitError(`${error.message}; install git`, null, { cause: error });
    throw error;
  }
}

function gitEnv(options: GitOptions): Env {
  const kept = Object.entries(options.env).filter(
    ([name]) => !name.startsWith('GIT_') || KEPT_GIT_VARIABLES.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // Set but empty: git stops looking for a program that would ask for a password.
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_ALLOW_PROTOCOL: (options.protocols ?? []).join(':'),
    ...options.extraEnv,
  };
}
