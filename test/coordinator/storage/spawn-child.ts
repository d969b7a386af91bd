/** Starts child.ts and reads what it says. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface Child {
  process: ChildProcess;
  lines: string[];
  /** Resolves once `condition` holds; rejects if the child ends before. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when the child has ended and all it said was read. */
  ended: Promise<void>;
  kill(): Promise<void>;
}

/** `under` is a command to run it with, e.g. strace and its options. */
export function spawnChild(task: string, file: string, under: readonly string[] = []): Child {
  const script = fileURLToPath(new URL('child.ts', import.meta.url));
  const [command = '', ...args] = [...under, process.execPath, script, task, file];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let rest = '';
  let wake = Promise.withResolvers<void>();
  let over = false;
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    lines.push(...parts);
    wake.resolve();
    wake = Promise.withResolvers();
  });
  const ended = once(child, 'close').then(() => {
    over = true;
    wake.resolve();
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  return {
    process: child,
    lines,
    ended,
    kill,
    async until(condition) {
      while (!condition()) {
        if (over) throw new Error(`The child has ended after: ${lines.slice(-5).join(' | ')}`);
        await wake.promise;
      }
    },
  };
}
