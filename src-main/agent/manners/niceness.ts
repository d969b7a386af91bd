/**
 * How tests stand beside other programs: lowers the CPU priority of all that this process has started. What was lowered stays so to its
 * end, because systems let nobody raise it again without special rights; what begins later begins as things are then.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import type { CpuPriority } from '../../../shared/protocol/desktop/manners.ts';
import { Family } from '../playwright/family.ts';
import { recentProcessTable, type ProcessInfo } from '../playwright/process-table.ts';

const NICE: Record<CpuPriority, number> = { normal: 0, low: 10, lowest: 19 };
/** A process that starts a thread or child in the very moment is caught the second time. */
const TIMES = 2;

interface Lowered {
  nice: number;
  times: number;
}

export class Niceness {
  #nice = 0;
  #family = new Family();
  /** `pid@started` → to what it was lowered, and how often that was said. */
  #lowered = new Map<string, Lowered>();

  set(priority: CpuPriority): void {
    if (NICE[priority] === this.#nice) return;
    this.#nice = NICE[priority];
    // Windows tells no tree of processes at no cost; there children inherit the class of their parent, and it may be raised again.
    if (process.platform === 'win32') os.setPriority(this.#nice);
    else this.apply();
  }

  /** To be called each second while anything runs. */
  apply(): void {
    if (this.#nice === 0 || process.platform === 'win32') return;
    const table = recentProcessTable();
    this.#family.adopt([process.pid], table);
    const lowered = new Map<string, Lowered>();
    for (const info of this.#family.alive(table)) {
      if (info.pid === process.pid) continue;
      const key = `${info.pid}@${info.started}`;
      let { nice, times } = this.#lowered.get(key) ?? { nice: 0, times: 0 };
      if (nice < this.#nice) [nice, times] = [this.#nice, 0];
      if (times < TIMES) lower(info, nice);
      lowered.set(key, { nice, times: times + 1 });
    }
    this.#lowered = lowered;
  }

  /** Nothing runs: whoever was known is gone. */
  forget(): void {
    this.#family = new Family();
    this.#lowered.clear();
  }
}

/** Linux has a priority per thread, and one per group of processes that share a session, where the kernel groups them. */
function lower({ pid, session }: ProcessInfo, nice: number): void {
  for (const thread of threadsOf(pid)) {
    try {
      if (os.getPriority(thread) < nice) os.setPriority(thread, nice);
    } catch {
      // It has ended, or belongs to a user of its own: then nothing can be done about it from here.
    }
  }
  if (process.platform !== 'linux' || pid !== session) return;
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // This kernel does not group by sessions.
  }
}

function threadsOf(pid: number): number[] {
  if (process.platform !== 'linux') return [pid];
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}
