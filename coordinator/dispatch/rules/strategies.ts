/**
 * In which order workers are offered the next task. A strategy is a score: the highest takes the task, then scores anew with one free
 * slot less. Switchable at run time by the setting load_balancer_strategy.
 */

import { MaxHeap } from '../../../shared/base/max-heap.ts';

export interface WorkerLoad {
  id: string;
  freeSlots: number;
  /** Set by people: larger = sooner. */
  priority: number;
  /** 0–1, set by people. */
  weight: number;
  /** Completed of all ended tasks, 0–1; 1 where none ended yet. */
  successRatio: number;
  avgDurationMs: number;
  /** Rises with each grant to anyone; 0 = never granted. */
  lastGrant: number;
}

export const strategies = {
  least_loaded: (worker: WorkerLoad) => worker.freeSlots,
  round_robin: (worker: WorkerLoad) => -worker.lastGrant,
  priority: (worker: WorkerLoad) => worker.priority,
  /** The customer's formula (REQUIREMENTS.md A3). */
  weighted: (worker: WorkerLoad) =>
    worker.weight * 100 + worker.freeSlots * 10 + worker.successRatio * 50 - worker.avgDurationMs / 1000,
} as const;
export type StrategyName = keyof typeof strategies;

/**
 * Who takes `tasks` tasks, one entry each, in order; a worker without free slots is passed over. `nextGrant` continues the count behind
 * `lastGrant`. Cost: O((workers + tasks) · log workers), by a binary heap.
 */
export function distribute(
  workers: readonly WorkerLoad[],
  tasks: number,
  strategy: StrategyName,
  nextGrant: number,
): string[] {
  const score = strategies[strategy];
  const heap = new MaxHeap<WorkerLoad & { score: number }>((a, b) => a.score - b.score || (a.id < b.id ? 1 : -1));
  for (const worker of workers) if (worker.freeSlots > 0) heap.push({ ...worker, score: score(worker) });
  const takers: string[] = [];
  while (takers.length < tasks) {
    const best = heap.pop();
    if (!best) break;
    const after = { ...best, freeSlots: best.freeSlots - 1, lastGrant: nextGrant + takers.length };
    takers.push(best.id);
    if (after.freeSlots > 0) heap.push({ ...after, score: score(after) });
  }
  return takers;
}
