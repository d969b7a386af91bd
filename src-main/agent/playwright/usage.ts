import { readMemory, type ProcessInfo } from './process-table.ts';

/** What a family of processes used. Null where the platform does not tell (Windows). */
export interface Usage {
  /** Highest sum seen. Linux: own memory of each process plus the largest shared part; elsewhere resident sizes, counting shared memory often. */
  peakMemoryBytes: number | null;
  /** CPU time over wall time; 100 = one core. Processes that lived between two samples only are not in it. */
  meanCpuPercent: number | null;
}

/** Adds up samples of a family's living processes. */
export class UsageMeter {
  #cpuMs = new Map<string, number>();
  #peak: number | null = null;

  sample(processes: ProcessInfo[]): void {
    if (processes.length === 0) return;
    let own = 0;
    let shared = 0;
    for (const info of processes) {
      this.#cpuMs.set(`${info.pid}@${info.started}`, info.cpuMs);
      const memory = readMemory(info);
      own += memory.own;
      // Browser processes share one mapping of the program; adding it up would count it a dozen times.
      shared = Math.max(shared, memory.shared);
    }
    this.#peak = Math.max(this.#peak ?? 0, own + shared);
  }

  total(wallMs: number): Usage {
    const cpuMs = [...this.#cpuMs.values()].reduce((sum, each) => sum + each, 0);
    const measured = this.#peak !== null && wallMs > 0;
    return { peakMemoryBytes: this.#peak, meanCpuPercent: measured ? Math.round((cpuMs / wallMs) * 1000) / 10 : null };
  }
}
