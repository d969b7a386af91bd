/** What this system can tell of itself. */
import type { Clock } from '../../../../shared/base/clock.ts';
import type { Env } from '../../../command/run-command.ts';
import type { Collector } from './collector.ts';
import { foreignLoadCollector } from './foreign-load.ts';
import { linuxCollectors } from './linux.ts';
import { macCollectors } from './macos.ts';
import { askerIn } from './program.ts';
import { windowsCollectors } from './windows.ts';

/** `runs`: whether anything that the agent has started may still be there. */
export function collectorsOf(
  platform: NodeJS.Platform,
  { env, clock, runs }: { env: Env; clock: Clock; runs: () => boolean },
): Collector[] {
  const ask = askerIn(env, clock);
  const own = { linux: linuxCollectors, darwin: macCollectors, win32: windowsCollectors }[platform as string];
  return [...(own?.(ask) ?? []), foreignLoadCollector(runs)];
}
