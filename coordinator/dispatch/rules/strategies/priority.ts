/** By the priority that people gave the worker, until it is full. */
import type { Strategy } from './strategy.ts';

export const byPriority: Strategy = { name: 'priority', score: (worker) => worker.priority };
