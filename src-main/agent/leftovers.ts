/** What a previous agent of the same data folder left running when it was killed. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Clock } from '../../shared/base/clock.ts';
import { Family } from './playwright/family.ts';
import { pidsWithEnvironment, readProcessTable } from './playwright/process-table.ts';
import { sweep } from './playwright/sweep.ts';

/** In the environment of everything that an agent starts; the value is the data folder's own. */
export const AGENT_MARK = 'PLAYFLEET_AGENT';

/** A random name of the data folder, made at its first use. */
export function markOf(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomUUID(), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/**
 * Kills every process that carries the mark, with all that belongs to it. Returns how many were killed. Linux and macOS; on Windows nothing
 * is found, because there an environment cannot be read from outside.
 */
export async function killLeftovers(mark: string, clock: Clock): Promise<number> {
  let killed = 0;
  for (let round = 0; round < 5; round++) {
    const pids = pidsWithEnvironment(AGENT_MARK, mark).filter((pid) => pid !== process.pid);
    if (pids.length === 0) break;
    const family = new Family();
    family.adopt(pids, readProcessTable());
    // No task is called so: only the family is swept.
    killed += (await sweep(`none-${randomUUID()}`, clock, family)).killed;
  }
  return killed;
}
