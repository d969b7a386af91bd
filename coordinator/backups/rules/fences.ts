/** Numbers of grants after a restore. */

/**
 * The number behind which a restored coordinator counts on. Grants made after the backup are forgotten, and their numbers must never be
 * given again, or the report of a worker that still holds one would be taken for another's. A coordinator gives out far fewer than one a
 * millisecond, so the time of the restore lies behind all of them, and behind those of an earlier restore of the same backup.
 */
export function fenceBehindAll(last: number, now: number): number {
  return Math.max(last + 1_000_000, now);
}
