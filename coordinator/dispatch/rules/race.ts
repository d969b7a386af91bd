/**
 * Races near the end of a run: what a slow machine, or a test that takes unexpectedly long, still works on is started again on an idle
 * machine where that is expected to end sooner. The first final result of each test counts.
 */
import { remainingMs, type Victim } from './steal.ts';

/** A grant of which nothing can be taken over: all that is open of it has begun. */
export interface Straggler extends Victim {
  workerId: string;
}

export interface IdleWorker {
  id: string;
  slots: number;
  speed: number;
}

/** A racer costs a machine's time: it must promise more than expectations are usually wrong by. */
const LEAST_GAIN_MS = 1_000;
const LEAST_GAIN = 0.2;

/**
 * At most one racer per grant and per idle slot, never on the same worker; those with the most left first, each on the fastest idle worker.
 * `startMs`: what starting a process costs.
 */
export function planRaces(
  stragglers: readonly Straggler[],
  idle: readonly IdleWorker[],
  startMs: number,
): { fence: number; workerId: string }[] {
  const room = new Map(idle.map((worker) => [worker.id, worker.slots]));
  const fastest = idle.toSorted((a, b) => b.speed - a.speed || (a.id < b.id ? -1 : 1));
  const byRest = stragglers
    .filter(({ units }) => units.length > 0 && units.every((unit) => unit.runningForMs !== null))
    .map((straggler) => ({ straggler, restMs: remainingMs(straggler) }))
    .sort((a, b) => b.restMs - a.restMs || a.straggler.fence - b.straggler.fence);
  const races: { fence: number; workerId: string }[] = [];
  for (const { straggler, restMs } of byRest) {
    const racer = fastest.find(({ id }) => id !== straggler.workerId && (room.get(id) ?? 0) > 0);
    if (!racer) continue;
    const expectedMs = straggler.units.reduce((sum, unit) => sum + unit.expectedMs, 0);
    const gainMs = restMs - (startMs + expectedMs / racer.speed);
    if (gainMs < Math.max(LEAST_GAIN_MS, restMs * LEAST_GAIN)) continue;
    room.set(racer.id, (room.get(racer.id) ?? 0) - 1);
    races.push({ fence: straggler.fence, workerId: racer.id });
  }
  return races;
}
