/**
 * The fastest machine first, by the speed that was learned on it or on machines of its kind. Tasks are handed out longest first, so the
 * longest go to the fastest. Among equally fast ones the one with most free slots, so that processes do not crowd on one machine.
 */
import type { Strategy } from './strategy.ts';

/** Learned speeds differ by chance: a twentieth is no difference. */
const STEPS = 20;
const MOST_SLOTS = 100_000;

export const hardwareAware: Strategy = {
  name: 'hardware_aware',
  score: (worker) => Math.round(worker.speed * STEPS) + Math.min(worker.freeSlots, MOST_SLOTS) / (MOST_SLOTS + 1),
};
