/** By measured room: for how many more such tasks the worker has both CPU and memory free now. */
import { usedBy, type Strategy } from './strategy.ts';

export const resourceBased: Strategy = {
  name: 'resource_based',
  score: (worker, task) => {
    const each = usedBy(task);
    return Math.min(worker.freeCpus / each.cpus, worker.freeMemoryBytes / each.memoryBytes);
  },
};
