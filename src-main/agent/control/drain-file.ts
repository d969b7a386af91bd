/**
 * A stop that waits for what runs, asked for by a file in the data folder. For where a worker cannot be sent a signal: Windows ends what its Task
 * Scheduler has started without a word.
 */
import { existsSync, rmSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import { wait } from '../../transfer/retry.ts';
import { isInUse } from '../data-dir.ts';
import type { Log } from '../log.ts';

const NAME = 'drain-requested';
const LOOK_MS = 500;

const fileIn = (dataDir: string): string => path.join(dataDir, NAME);

/** The folder's lock must be held: what was asked of the worker before is forgotten. Calls `onDrain` once. Returns what ends watching. */
export function watchDrainFile(dataDir: string, log: Log, onDrain: () => void): () => void {
  const file = fileIn(dataDir);
  rmSync(file, { force: true });
  const watcher = watch(dataDir, { persistent: false });
  watcher.on('change', (_, name) => {
    if ((name !== null && name !== NAME) || !existsSync(file)) return;
    watcher.close();
    rmSync(file, { force: true });
    log.info('a program of this machine asks this worker to finish what runs and to stop');
    onDrain();
  });
  watcher.on('error', (error) => log.warn({ err: error }, 'a stop that waits for what runs will not be heard'));
  return () => watcher.close();
}

/**
 * Asks the worker of this folder to finish what runs, and resolves with whether it has ended: also true where none runs. `withinMs`: how long it is
 * waited for.
 */
export async function drainByFile(dataDir: string, withinMs: number, clock: Clock): Promise<boolean> {
  const file = fileIn(dataDir);
  if (!isInUse(dataDir)) return true;
  writeFileSync(file, '', { mode: 0o600 });
  const until = clock.monotonic() + withinMs;
  try {
    while (clock.monotonic() < until) {
      await wait(LOOK_MS, clock);
      if (!isInUse(dataDir)) return true;
    }
    return false;
  } finally {
    rmSync(file, { force: true });
  }
}
