/**
 * What idle slots take over from busy ones: about half of the longest remaining work, so that both end together (FACTS.md, "Balance"). Only
 * units that have not begun can move.
 */

export interface VictimUnit {
  no: number;
  /** Of the whole unit. */
  expectedMs: number;
  /** Milliseconds since one of its tests began; null where none did. */
  runningForMs: number | null;
}

export interface Victim {
  fence: number;
  /** Of its machine: 1 = as expected, 0.5 = takes twice as long. */
  speed: number;
  /** Without an outcome yet. */
  units: readonly VictimUnit[];
}

export interface Steal {
  fence: number;
  unitNos: number[];
}

/** Fewer tests say more about themselves than about the rest. */
const FEWEST_DONE = 5;
const LEAST_SCALE = 0.02;
const LARGEST_SCALE = 50;

/**
 * By how much this run's tests take longer (or shorter) than expected, from those that are done: a first run knows nothing of durations but
 * what it has seen so far, and a busy machine is slow for all.
 */
export function scaleOf(done: { tests: number; expectedMs: number; actualMs: number }): number {
  if (done.tests < FEWEST_DONE || done.expectedMs <= 0) return 1;
  return Math.min(LARGEST_SCALE, Math.max(LEAST_SCALE, done.actualMs / done.expectedMs));
}

/** A steal that ends the run sooner by less than this is not worth another process: expectations are not that exact. */
const LEAST_GAIN_MS = 250;

/**
 * At most one steal per idle slot and per victim. `idle`: the speeds of the machines of idle slots; the fastest take first, from the victims
 * with the most left. `startMs`: what a thief loses by starting a process.
 */
export function planSteals(victims: readonly Victim[], idle: readonly number[], startMs: number): Steal[] {
  const steals: Steal[] = [];
  const thieves = idle.toSorted((a, b) => b - a);
  const byRest = victims
    .map((victim) => ({ victim, restMs: remainingMs(victim) }))
    .sort((a, b) => b.restMs - a.restMs || a.victim.fence - b.victim.fence);
  for (const { victim, restMs } of byRest) {
    const speed = thieves[steals.length];
    if (speed === undefined) break;
    const unitNos = chooseUnits(victim, restMs, { speed, startMs });
    if (unitNos.length > 0) steals.push({ fence: victim.fence, unitNos });
  }
  return steals;
}

/**
 * Expected milliseconds until the victim ends by itself. A unit that runs longer than expected is expected to run as long again: what is
 * known of it is only that it is one of the long ones.
 */
export function remainingMs({ units, speed }: Victim): number {
  return units.reduce((sum, { expectedMs, runningForMs }) => {
    const takesMs = expectedMs / speed;
    if (runningForMs === null) return sum + takesMs;
    return sum + (runningForMs < takesMs ? takesMs - runningForMs : runningForMs);
  }, 0);
}

function chooseUnits(victim: Victim, restMs: number, thief: { speed: number; startMs: number }): number[] {
  const waiting = victim.units
    .filter((unit) => unit.runningForMs === null)
    .toSorted((a, b) => b.expectedMs - a.expectedMs || a.no - b.no);
  // Where nothing runs yet (it is being prepared), one unit stays; else the one that runs does.
  const movable = waiting.length === victim.units.length ? waiting.slice(1) : waiting;
  const endAfter = (takenMs: number): number =>
    Math.max(restMs - takenMs / victim.speed, thief.startMs + takenMs / thief.speed);
  const chosen: number[] = [];
  let takenMs = 0;
  for (const unit of movable) {
    if (endAfter(takenMs + unit.expectedMs) >= endAfter(takenMs)) continue;
    chosen.push(unit.no);
    takenMs += unit.expectedMs;
  }
  return restMs - endAfter(takenMs) >= LEAST_GAIN_MS && chosen.length > 0 ? chosen : [];
}
