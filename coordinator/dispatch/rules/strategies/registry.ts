/** The strategies that are built in, by name. The setting load_balancer_strategy chooses one at run time; plugins add others. */
import { byPriority } from './priority.ts';
import { hardwareAware } from './hardware-aware.ts';
import { leastLoaded } from './least-loaded.ts';
import { resourceBased } from './resource-based.ts';
import { roundRobin } from './round-robin.ts';
import type { Strategy } from './strategy.ts';
import { weighted } from './weighted.ts';

export const DEFAULT_STRATEGY: Strategy = leastLoaded;

export const BUILT_IN: ReadonlyMap<string, Strategy> = new Map(
  [leastLoaded, roundRobin, byPriority, weighted, resourceBased, hardwareAware].map((one) => [one.name, one]),
);
