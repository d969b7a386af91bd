/** The most free slots first: spreads work evenly. */
import type { Strategy } from './strategy.ts';

export const leastLoaded: Strategy = { name: 'least_loaded', score: (worker) => worker.freeSlots };
