/** Starts backup-process.ts and hears it out. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BackupMessage, BackupPlan } from './backup-process.ts';
import type { Checked } from './check.ts';
import { BackupError } from './failures.ts';
import type { Written } from './write.ts';

/** Keeps the database's file as it is while its function runs, which is told since when (milliseconds since the epoch). */
export type Freeze = (copy: (since: number) => Promise<void>) => Promise<void>;

/** Rejects with a BackupError that says why; what was begun is removed then. */
export async function writeInProcess(
  plan: Omit<Extract<BackupPlan, { do: 'write' }>, 'do'>,
  freeze: Freeze,
  signal: AbortSignal,
): Promise<Written> {
  return (await run({ do: 'write', ...plan }, freeze, signal)) as Written;
}

/** In a process of its own, which has never seen the bytes before. */
export async function checkInProcess(
  plan: Omit<Extract<BackupPlan, { do: 'check' }>, 'do'>,
  signal: AbortSignal,
): Promise<Checked> {
  return (await run(
    { do: 'check', ...plan },
    () => Promise.reject(new Error('a check freezes nothing')),
    signal,
  )) as Checked;
}

async function run(plan: BackupPlan, freeze: Freeze, signal: AbortSignal): Promise<Written | Checked> {
  signal.throwIfAborted();
  const entry = import.meta.url.endsWith('.ts') ? './backup-process.ts' : './backup.mjs';
  const child = fork(fileURLToPath(new URL(entry, import.meta.url)), [], {
    env: {},
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const stop = () => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  const ended = Promise.withResolvers<void>();
  child.once('error', (error) => ended.reject(error));
  let end: Extract<BackupMessage, { type: 'done' | 'failed' }> | undefined;
  let copied = (): void => {};
  let freezing = Promise.resolve();
  child.on('message', (message: BackupMessage) => {
    if (message.type === 'freeze') {
      freezing = freeze(async (since) => {
        const done = Promise.withResolvers<void>();
        copied = done.resolve;
        child.send(since);
        // A child that dies meanwhile must not keep the file frozen.
        await Promise.race([done.promise, ended.promise]);
      });
      // A file that cannot be fixed ends the backup; `freezing` is awaited below.
      freezing.catch(stop);
    } else if (message.type === 'copied') copied();
    else end = message;
  });
  child.once('close', () => ended.resolve());
  try {
    child.send(plan);
    await ended.promise;
    await freezing;
    signal.throwIfAborted();
    if (end?.type === 'done') return end.result;
    throw new BackupError(
      end?.message ?? `Its process ended unexpectedly (${child.signalCode ?? child.exitCode}): ${said}`,
    );
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
