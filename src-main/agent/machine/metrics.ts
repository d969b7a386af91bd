import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { MachineMetrics } from '../../../shared/protocol/work.ts';

interface CpuTimes {
  busy: number;
  total: number;
}

/** Reads what the machine is busy with; CPU is the share since the reading before. */
export class MetricsReader {
  readonly #folder: string;
  #before: CpuTimes = cpuTimes();

  /** `folder` lies on the disk that is told of. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(): Promise<MachineMetrics> {
    const now = cpuTimes();
    const cpu = cpuPercent(this.#before, now);
    this.#before = now;
    const disk = await statfs(this.#folder).catch(() => null);
    const total = os.totalmem();
    return {
      cpu_percent: cpu,
      memory_used_bytes: total - os.freemem(),
      memory_total_bytes: total,
      disk_free_bytes: disk && disk.bavail * disk.bsize,
      disk_total_bytes: disk && disk.blocks * disk.bsize,
    };
  }
}

/** Null where no time has passed, or the system tells no times (containers of some kinds). */
export function cpuPercent(before: CpuTimes, now: CpuTimes): number | null {
  const total = now.total - before.total;
  if (total <= 0) return null;
  return Math.round(Math.min(100, Math.max(0, ((now.busy - before.busy) / total) * 100)) * 10) / 10;
}

function cpuTimes(): CpuTimes {
  const sum = { busy: 0, total: 0 };
  for (const { times } of os.cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    sum.total += all;
    sum.busy += all - times.idle;
  }
  return sum;
}
