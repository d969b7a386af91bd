/** What programs that are not ours use of the machine's processors. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { Family } from '../../playwright/family.ts';
import { recentProcessTable, type ProcessTable } from '../../playwright/process-table.ts';
import type { Collector } from './collector.ts';

const EVERY_MS = 5000;
/** What every Linux that Node supports tells user programs, whatever the kernel's own rate. */
const TICK_MS = 10;

/** Milliseconds since some beginning. `null`: not known this time. */
export interface CpuUse {
  /** Of all processors together, busy and idle. */
  total: number;
  idle: number;
  ours: number | null;
}

/** Percent of all processors; null where one of both is not known, or no time has passed. */
export function foreignPercent(before: CpuUse | null, now: CpuUse): number | null {
  if (!before || before.ours === null || now.ours === null) return null;
  const total = now.total - before.total;
  if (total <= 0) return null;
  const busy = total - (now.idle - before.idle);
  return Math.min(100, Math.max(0, ((busy - (now.ours - before.ours)) / total) * 100));
}

/** `runs`: whether this process has started anything that may still be there. */
export function foreignLoadCollector(runs: () => boolean): Collector {
  let family = new Family();
  let before: CpuUse | null = null;
  return {
    tells: ['foreignPercent'],
    everyMs: EVERY_MS,
    collect: async () => {
      const isBusy = runs();
      // Whoever was known is gone by then.
      if (!isBusy) family = new Family();
      const now = process.platform === 'linux' ? onLinux(family, isBusy) : elsewhere(isBusy);
      const percent = foreignPercent(before, now);
      before = now;
      return { foreignPercent: percent };
    },
  };
}

/**
 * Ours is this process with all that descends from it, the time of children that have ended included: a process that ends hands its time
 * to its parent, so that the sum never jumps.
 */
function onLinux(family: Family, runs: boolean): CpuUse {
  const all = readCpuLine(readFileSync('/proc/stat', 'latin1'));
  if (!runs) return { ...all, ours: cpuTimeOf(process.pid) ?? 0 };
  const table: ProcessTable = recentProcessTable();
  family.adopt([process.pid], table);
  const ours = family.alive(table).reduce((sum, { pid }) => sum + (cpuTimeOf(pid) ?? 0), 0);
  return { ...all, ours };
}

/** There the time of ended children is told to nobody: while tests run, it is not known what is theirs. */
function elsewhere(runs: boolean): CpuUse {
  const sum = { total: 0, idle: 0 };
  for (const { times } of os.cpus()) {
    sum.total += times.user + times.nice + times.sys + times.idle + times.irq;
    sum.idle += times.idle;
  }
  const { user, system } = process.cpuUsage();
  return { ...sum, ours: runs ? null : (user + system) / 1000 };
}

/** The first line of /proc/stat: `cpu  user nice system idle iowait irq softirq steal …`; guest time is in user already. */
export function readCpuLine(text: string): { total: number; idle: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0] = text
    .slice(0, text.indexOf('\n'))
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const resting = idle + wait;
  return { total: (user + nice + system + resting + irq + softirq + steal) * TICK_MS, idle: resting * TICK_MS };
}

/** Its own and that of its children that have ended and were waited for; null where it is gone. */
function cpuTimeOf(pid: number): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) * TICK_MS;
}
