/** Numbers of grants after a restore. */

/**
 * The number behind which a restored coordinator counts on. Grants made after the backup are forgotten, and their numbers must never be
 * given again, or the report of a worker that still holds one would be taken for another's. A coordinator gives out far fewer than one a
 * millisecond, so the time of the restore lies behind all of them, and behind those of an earlier restore of the same backup. A promoted one
 * lives for days and may number to 2^32 only: there it is the time in seconds, behind a million that it may have given out meanwhile.
 */
export function fenceBehindAll(last: number, now: number, isPromoted: boolean): number {
  return Math.max(last + 1_000_000, isPromoted ? Math.floor(now / 1000) : now);
}
