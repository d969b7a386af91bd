/** The customer's formula (REQUIREMENTS.md A3). */
import type { Strategy } from './strategy.ts';

export const weighted: Strategy = {
  name: 'weighted',
  score: (worker) =>
    worker.weight * 100 + worker.freeSlots * 10 + worker.successRatio * 50 - worker.avgDurationMs / 1000,
};
