import type { Clock } from '../../../shared/base/clock.ts';
import { Family } from './family.ts';
import { pidsWithEnvironment, readProcessTable, type ProcessInfo } from './process-table.ts';

/** The environment variable that marks all processes of one task's Playwright; browsers and whatever tests start inherit it. */
export const MARKER = 'PLAYFLEET_TASK';

const ROUND_MS = 50;
const GIVE_UP_MS = 5000;

export interface SweepResult {
  /** How many processes had to be killed. */
  killed: number;
  /** Pids still there after 5 s (stuck in the kernel): nothing more can be done from here. */
  left: number[];
}

/**
 * Kills every process that carries the marker, or is known as family of one that did, until none is left. Linux: all of them; macOS
 * and other Unixes: as far as `ps` shows environments; Windows: none (the tree is ended by taskkill before).
 */
export async function sweep(marker: string, clock: Clock, family = new Family()): Promise<SweepResult> {
  const started = clock.monotonic();
  const killed = new Set<string>();
  for (;;) {
    const members = findMembers(marker, family);
    if (members.length === 0) return { killed: killed.size, left: [] };
    if (clock.monotonic() - started > GIVE_UP_MS) return { killed: killed.size, left: members.map(({ pid }) => pid) };
    for (const { pid, started: since } of members) {
      if (kill(pid)) killed.add(`${pid}@${since}`);
    }
    await new Promise<void>((resolve) => clock.after(ROUND_MS, resolve));
  }
}

function findMembers(marker: string, family: Family): ProcessInfo[] {
  const table = readProcessTable();
  family.adopt(pidsWithEnvironment(MARKER, marker), table);
  return family.alive(table).filter(({ pid }) => pid !== process.pid);
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    // Gone by itself in the meantime.
    return false;
  }
}
