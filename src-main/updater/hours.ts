import type { Hours } from '../../shared/protocol/desktop/manners.ts';
import { HANDS_OFF_MS, type UpdateFacts } from '../../shared/model/update-policy.ts';
import { openAt } from '../agent/manners/hours.ts';

/** When the working hours of a machine have begun, as far as that is still of interest, and when they begin. null: it has no hours. */
export function hoursAround(
  hours: Hours | null,
  now: number,
): Pick<UpdateFacts['machine'], 'hoursBeganAt' | 'hoursBeginAt'> {
  if (hours === null) return { hoursBeganAt: null, hoursBeginAt: null };
  const before = openAt(hours, now - HANDS_OFF_MS);
  const present = openAt(hours, now);
  return {
    hoursBeganAt: present.isOpen && !before.isOpen ? before.until : null,
    hoursBeginAt: present.isOpen ? null : present.until,
  };
}
