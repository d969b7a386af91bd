/** Puts the attempts of a run onto the lanes of its workers' slots. Pure. */
import type { Timeline, TimelineAttempt, TimelineGrant } from '../../../shared/protocol/rest/timeline.ts';

export interface Bar {
  attempt: TimelineAttempt;
  /** Milliseconds since the epoch by the coordinator's clock. */
  from: number;
  to: number;
  /** Tests that ran at once in one slot share its height: this is part `part` of `parts`. */
  part: number;
  parts: number;
}

export interface Lane {
  workerId: string;
  worker: string;
  /** Counted from 1 on each worker. */
  slot: number;
  grants: readonly TimelineGrant[];
  otherRuns: readonly { from: number; to: number }[];
  offline: readonly { from: number; to: number }[];
  /** By their beginning. */
  bars: readonly Bar[];
}

export function layOut(timeline: Timeline, attempts: readonly TimelineAttempt[]): Lane[] {
  const byFence = Map.groupBy(attempts, ({ fence }) => fence);
  return timeline.workers.flatMap(({ worker_id, worker, lanes, offline }) => {
    const bars = lanes.map((): Bar[] => []);
    const lanesOf = new Map<number, number[]>();
    const grants = new Map<number, TimelineGrant>();
    for (const [index, lane] of lanes.entries()) {
      for (const grant of lane.grants) {
        grants.set(grant.fence, grant);
        lanesOf.set(grant.fence, [...(lanesOf.get(grant.fence) ?? []), index]);
      }
    }
    for (const [fence, taken] of lanesOf) {
      const grant = grants.get(fence)!;
      for (const [at, laid] of layOver(grant, byFence.get(fence) ?? [], timeline.at, taken.length).entries())
        bars[taken[at]!]!.push(...laid);
    }
    return lanes.map((lane, index) => ({
      workerId: worker_id,
      worker,
      slot: index + 1,
      grants: lane.grants,
      otherRuns: lane.other_runs,
      offline,
      bars: bars[index]!.sort((a, b) => a.from - b.from),
    }));
  });
}

/** The attempts of one grant over the lanes that it took: one after the other; what ran at once lies side by side. */
function layOver(grant: TimelineGrant, attempts: readonly TimelineAttempt[], now: number, lanes: number): Bar[][] {
  const shift = shiftInto(grant, attempts, now);
  const ends: number[] = [];
  const placed = attempts
    .map((attempt) => ({
      attempt,
      from: attempt.started_at + shift,
      to: attempt.started_at + shift + attempt.duration_ms,
    }))
    .sort((a, b) => a.from - b.from)
    .map((bar) => {
      // Clocks tell whole milliseconds only.
      const free = ends.findIndex((end) => end <= bar.from + 1);
      const row = free === -1 ? ends.length : free;
      ends[row] = bar.to;
      return { ...bar, row };
    });
  const parts = Math.max(1, Math.ceil(ends.length / lanes));
  return Array.from({ length: lanes }, (_, lane) =>
    placed
      .filter(({ row }) => row % lanes === lane)
      .map(({ row, ...bar }) => ({ ...bar, part: Math.floor(row / lanes), parts })),
  );
}

/**
 * Attempts tell their time by the clock of their machine, grants by the coordinator's: the least shift that puts the attempts into their
 * grant, so that a machine whose clock is wrong does not show tests before they were ordered.
 */
function shiftInto(grant: TimelineGrant, attempts: readonly TimelineAttempt[], now: number): number {
  if (attempts.length === 0) return 0;
  const first = attempts.reduce((least, { started_at }) => Math.min(least, started_at), Infinity);
  const last = attempts.reduce((most, one) => Math.max(most, one.started_at + one.duration_ms), -Infinity);
  if (first < grant.from) return grant.from - first;
  return Math.min(0, Math.max(grant.from - first, (grant.to ?? now) - last));
}
