/** Remembers which requests wait for a machine to have room, and which workers are kept free for them (rules/keep-free.ts). */
import type { Demand } from './active-runs.ts';
import { KEEP_AFTER_MS, workerToKeep, type Keepable } from './rules/keep-free.ts';

/** Tasks that will fit on no worker when any one task ends there. */
export interface Squeezed {
  run: { id: string; priority: number };
  demand: Demand;
  /** Connected, able to take them. */
  workers: readonly Keepable[];
}

interface Kept {
  key: string;
  runId: string;
  priority: number;
  demand: Demand;
}

const keyOf = (runId: string, { needs, cpus, memoryBytes }: Demand): string =>
  `${runId} ${needs} ${cpus} ${memoryBytes}`;

export class KeepingFree {
  /** When each was first seen to wait. */
  #since = new Map<string, number>();
  /** By worker. */
  #kept = new Map<string, Kept>();

  /**
   * `squeezed`: all that wait so now; what is not among them any more is forgotten. One worker is kept for each, the highest priority first,
   * then who has waited longest, and the same one as long as it is able. Returns after how many milliseconds to look again; null = nothing is on its way to be kept.
   */
  review(squeezed: readonly Squeezed[], now: number): number | null {
    const before = new Map([...this.#kept].map(([workerId, { key }]) => [key, workerId]));
    const since = new Map<string, number>();
    this.#kept = new Map();
    let againMs: number | null = null;
    const waiting = squeezed
      .map((each) => ({ ...each, key: keyOf(each.run.id, each.demand) }))
      .map((each) => ({ ...each, first: this.#since.get(each.key) ?? now }))
      .sort((a, b) => b.run.priority - a.run.priority || a.first - b.first);
    for (const { run, demand, workers, key, first } of waiting) {
      since.set(key, first);
      const restMs = first + KEEP_AFTER_MS - now;
      if (restMs > 0) {
        againMs = Math.min(againMs ?? Infinity, restMs);
        continue;
      }
      const open = workers.filter(({ id }) => !this.#kept.has(id));
      const same = open.find(({ id }) => id === before.get(key))?.id;
      const workerId = same ?? workerToKeep(demand, open);
      if (workerId !== null) this.#kept.set(workerId, { key, runId: run.id, priority: run.priority, demand });
    }
    this.#since = since;
    return againMs;
  }

  /** One has begun: the others of its kind wait from now on. */
  begun(runId: string, demand: Demand): void {
    this.#since.delete(keyOf(runId, demand));
  }

  /** Whether tasks of a run may use a worker: not where it is kept for others of the same or a higher priority. */
  mayUse(workerId: string, run: { id: string; priority: number }, demand: Demand): boolean {
    const kept = this.#kept.get(workerId);
    return !kept || kept.priority < run.priority || kept.key === keyOf(run.id, demand);
  }

  isKept(runId: string, demand: Demand): boolean {
    const key = keyOf(runId, demand);
    return [...this.#kept.values()].some((kept) => kept.key === key);
  }

  /** The worker that is kept for a run, and what the run asks for there. */
  keptFor(runId: string): { workerId: string; demand: Demand } | null {
    const found = [...this.#kept].find(([, kept]) => kept.runId === runId);
    return found ? { workerId: found[0], demand: found[1].demand } : null;
  }
}
