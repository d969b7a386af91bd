/** In which order workers take tasks: the highest score takes one, then is scored anew with one free slot less. */
import { MaxHeap } from '../../../../shared/base/max-heap.ts';
import { usedBy, type Strategy, type TaskAsk, type WorkerLoad } from './strategy.ts';

/**
 * Who takes `tasks` tasks, one entry each, in order; a worker without free slots is passed over. `nextGrant` continues the count behind
 * `lastGrant`. Preference comes before the score. Cost: O((workers + tasks) · log workers), by a binary heap.
 */
export function distribute(
  workers: readonly WorkerLoad[],
  tasks: number,
  { strategy, task, nextGrant }: { strategy: Pick<Strategy, 'score'>; task: TaskAsk; nextGrant: number },
): string[] {
  const heap = new MaxHeap<WorkerLoad & { score: number }>(
    (a, b) => a.preference - b.preference || a.score - b.score || (a.id < b.id ? 1 : -1),
  );
  const used = usedBy(task);
  const push = (worker: WorkerLoad) => heap.push({ ...worker, score: strategy.score(worker, task) });
  for (const worker of workers) if (worker.freeSlots > 0) push(worker);
  const takers: string[] = [];
  while (takers.length < tasks) {
    const best = heap.pop();
    if (!best) break;
    takers.push(best.id);
    if (best.freeSlots === 1) continue;
    push({
      ...best,
      freeSlots: best.freeSlots - 1,
      lastGrant: nextGrant + takers.length - 1,
      freeCpus: best.freeCpus - used.cpus,
      freeMemoryBytes: best.freeMemoryBytes - used.memoryBytes,
    });
  }
  return takers;
}
