import type { Clock } from '../../../../shared/base/clock.ts';
import { CommandNotFound, runCommand, type Env } from '../../../command/run-command.ts';

/** Longer than any of these programs takes on a healthy machine. */
const TIMEOUT_MS = 5000;

/** Gives what a program of the system prints; null where it is not there, fails, or hangs: then it tells nothing. */
export type Ask = (program: string, ...args: string[]) => Promise<string | null>;

/** Programs that are not there are not looked for again. */
export function askerIn(env: Env, clock: Clock): Ask {
  const missing = new Set<string>();
  // Its output is parsed: no translations.
  const plain = { ...env, LC_ALL: 'C' };
  return async (program, ...args) => {
    if (missing.has(program)) return null;
    const folder = process.platform === 'win32' ? process.cwd() : '/';
    try {
      const end = await runCommand(program, args, {
        cwd: folder,
        env: plain,
        clock,
        capture: true,
        timeoutMs: TIMEOUT_MS,
      });
      return end.exitCode === 0 ? end.stdout.toString() : null;
    } catch (error) {
      if (!(error instanceof CommandNotFound)) throw error;
      missing.add(program);
      return null;
    }
  };
}
