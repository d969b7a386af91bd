/**
 * In which order workers are offered the next task. A strategy is a score: the highest takes the task, then scores anew with one free
 * slot less. Switchable at run time by the setting load_balancer_strategy.
 */

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

class MaxHeap<T> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }
  push(item: T): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfGreater(at, parent)) break;
      at = parent;
    }
  }
  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    items[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= items.length) return top;
      const child = left + 1 < items.length && this.#greater(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfGreater(child, at)) return top;
      at = child;
    }
  }
  #greater(a: number, b: number): boolean {
    return this.#compare(this.#items[a] as T, this.#items[b] as T) > 0;
  }
  #swapIfGreater(child: number, parent: number): boolean {
    if (!this.#greater(child, parent)) return false;
    const items = this.#items;
    [items[child], items[parent]] = [items[parent] as T, items[child] as T];
    return true;
  }
}
