/** In turn: whoever waits longest. */
import type { Strategy } from './strategy.ts';

export const roundRobin: Strategy = { name: 'round_robin', score: (worker) => -worker.lastGrant };
