/** Which backups are kept: the last one of each of the last N days, and of each of the last M weeks. */
import { startOf } from '../../../shared/base/time-zone.ts';

export interface KeepRule {
  daily: number;
  weekly: number;
  /** Days and weeks are those of this place (IANA name). */
  zone: string;
}

export interface DatedBackup {
  name: string;
  /** Milliseconds since the epoch. */
  takenAt: number;
}

/**
 * Names of those that may go. Only days and weeks that have a backup count, so that a machine that was off for a month does not lose what
 * it had; the newest one always stays.
 */
export function superfluous(backups: readonly DatedBackup[], { daily, weekly, zone }: KeepRule): string[] {
  const newestFirst = backups.toSorted((a, b) => b.takenAt - a.takenAt);
  const kept = new Set(newestFirst.slice(0, 1));
  for (const [unit, number] of [['day', daily] as const, ['week', weekly] as const]) {
    const spans = new Set<number>();
    for (const one of newestFirst) {
      const span = startOf(unit, one.takenAt, zone);
      if (spans.has(span) || spans.size === number) continue;
      spans.add(span);
      kept.add(one);
    }
  }
  return newestFirst.filter((one) => !kept.has(one)).map(({ name }) => name);
}
