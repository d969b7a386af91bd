/** What an update could disturb on this computer. */
import { HANDS_OFF_MS, type UpdateFacts } from '../../../shared/model/update-policy.ts';
import type { AgentStatus } from '../../../shared/protocol/desktop/agent.ts';
import type { Hours } from '../../../shared/protocol/desktop/manners.ts';
import { openAt } from '../../agent/manners/hours.ts';

export interface BusynessView {
  /** What the agent last said of itself; null while it does not run. */
  status: AgentStatus | null;
  /** In which this computer lends; null: always. */
  hours: Hours | null;
  isWatched: boolean;
  now: number;
}

export function busynessOf({ status, hours, isWatched, now }: BusynessView): UpdateFacts['machine'] {
  return {
    running: status?.slots.busy ?? 0,
    isMetered: status?.why.some(({ reason }) => reason === 'metered') ?? false,
    isWatched,
    ...aroundHours(hours, now),
  };
}

/** From the schedule, not from what was seen: an app that has just started knows when the hours began, too. */
function aroundHours(hours: Hours | null, now: number): Pick<UpdateFacts['machine'], 'hoursBeganAt' | 'hoursBeginAt'> {
  if (hours === null) return { hoursBeganAt: null, hoursBeginAt: null };
  const open = openAt(hours, now);
  if (!open.isOpen) return { hoursBeganAt: null, hoursBeginAt: open.until };
  // Those that began longer ago are nobody's matter.
  const before = openAt(hours, now - HANDS_OFF_MS);
  return { hoursBeganAt: before.isOpen ? null : before.until, hoursBeginAt: null };
}
