/** The loop that ends leases and cool-downs, unless it was this coordinator itself that was away, or its clock that went wrong. */
import type { Clock } from '../../shared/base/clock.ts';
import type { Database } from '../storage/database.ts';
import { endCoolDowns, hasDue } from './breakers.ts';
import type { FailureContext } from './failure-context.ts';
import { expireLeases } from './lose-tasks.ts';
import { boundLeases, type LeaseBounds } from './renew-leases.ts';

/** How long all workers have to come back after the coordinator itself was away. */
const RETURN_GRACE_MS = 30_000;
const TICK_MS = 1_000;
/** A tick that comes this much later than planned means that this process was suspended. */
const SUSPENDED_MS = 5_000;
/** The wall clock moved by so much more or less than the monotonic one: somebody set it, or the machine slept. */
const CLOCK_SET_MS = 2_000;

export interface LeaseWatchOptions {
  db: Database;
  clock: Clock;
  leaseMs: () => number;
  failures: () => FailureContext;
  report: (error: unknown, during: string) => void;
}

/** What leases may be after the coordinator was away and its clock may have been set meanwhile. */
export function afterAbsence(now: number, leaseMs: number): LeaseBounds {
  return { earliest: now + RETURN_GRACE_MS, latest: now + Math.max(leaseMs, RETURN_GRACE_MS) };
}

/** Returns the function that stops it. */
export function startLeaseWatch({ db, clock, leaseMs, failures, report }: LeaseWatchOptions): () => void {
  let wall = clock.now();
  let monotonic = clock.monotonic();
  let stopped = false;
  let cancel = () => {};
  /** null where time went on as it should. */
  const boundsNow = (): LeaseBounds | null => {
    const [now, steady] = [clock.now(), clock.monotonic()];
    const passed = steady - monotonic;
    const isSet = Math.abs(now - wall - passed) > CLOCK_SET_MS;
    wall = now;
    monotonic = steady;
    const bounds = afterAbsence(now, leaseMs());
    // Old and new time are mixed in what is stored: only whole new leases are right.
    if (isSet) return { ...bounds, earliest: bounds.latest };
    return passed > SUSPENDED_MS ? bounds : null;
  };
  const tick = async () => {
    const bounds = boundsNow();
    try {
      if (bounds !== null) await db.write((w) => boundLeases(w, bounds));
      else if (await db.read(async (r) => (await r.get(EXPIRED, [clock.now()])) !== undefined)) {
        await db.write((w) => expireLeases(w, failures(), clock.now()));
      }
      if (await db.read((r) => hasDue(r, clock.now()))) await db.write((w) => endCoolDowns(w, clock.now()));
    } catch (error) {
      report(error, 'ending leases and cool-downs');
    }
  };
  const schedule = () => {
    if (!stopped) cancel = clock.after(TICK_MS, () => void tick().then(schedule));
  };
  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}

const EXPIRED = `SELECT 1 FROM tasks WHERE state IN ('assigned', 'running') AND lease_until < ? LIMIT 1`;
