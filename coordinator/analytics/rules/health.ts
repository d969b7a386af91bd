/** How well the fleet is, in one figure, with the reasons for what is missing. Pure: facts in, score out. */
import type { Health, HealthReason } from '../../../shared/protocol/rest/analytics.ts';

export interface WorkerFact {
  id: string;
  hostname: string;
  online: boolean;
  /** It is meant to work: neither paused nor in maintenance. */
  active: boolean;
  lastSeenAt: number;
  breaker: 'closed' | 'open' | 'half_open';
  slots: number;
  slotsBusy: number;
  /** Of its disk, 0–1; null where it does not say. */
  diskFree: number | null;
}

export interface HealthFacts {
  workers: readonly WorkerFact[];
  runs: { active: number; waiting: number };
  /** Runs of which nothing has begun for `STALE_MS` although something could, and since when. */
  stale: readonly { id: string; number: number; since: number }[];
  /** Tests of runs that ended within the last hour. */
  lastHour: { tests: number; unexpected: number };
  load: { level: 'normal' | 'busy' | 'overloaded'; reasons: readonly string[] };
  /** Of the coordinator's data; null where it cannot be told. */
  disk: { freeBytes: number; totalBytes: number } | null;
  now: number;
}

/** Time in which nothing of a run begins, after which somebody should look. */
export const STALE_MS = 10 * 60_000;
/** A machine that is away for longer was probably switched off for the night. */
const MISSED_MS = 24 * 3_600_000;
const GRACE_MS = 5 * 60_000;
/** Fewer tests say little about how many fail. */
const LEAST_TESTS = 20;
const LOW_DISK = 0.1;
const TIGHT_BYTES = 500 * 1024 ** 2;
const MOST_NAMED = 20;

export function healthOf(facts: HealthFacts): Health {
  const reasons = [
    noWorkers(facts),
    offline(facts),
    breakers(facts),
    stale(facts),
    failures(facts),
    overload(facts),
    workerDisks(facts),
    ownDisk(facts),
  ]
    .filter((reason) => reason !== null)
    .sort((a, b) => b.points - a.points);
  const score = Math.max(
    0,
    reasons.reduce((left, { points }) => left - points, 100),
  );
  const online = facts.workers.filter((worker) => worker.online);
  const sum = (of: (worker: WorkerFact) => number) => online.reduce((total, worker) => total + of(worker), 0);
  return {
    score,
    state: score >= 80 ? 'good' : score >= 50 ? 'degraded' : 'bad',
    reasons,
    workers: {
      total: facts.workers.length,
      online: online.length,
      busy: online.filter((worker) => worker.slotsBusy > 0).length,
      slots: sum((worker) => worker.slots),
      slots_busy: sum((worker) => worker.slotsBusy),
    },
    runs: facts.runs,
  };
}

type Part = Pick<HealthReason, 'code' | 'severity' | 'points' | 'detail'> & Partial<HealthReason>;

const reason = (part: Part): HealthReason => ({ worker_ids: [], run_ids: [], ...part });
const ids = (list: readonly { id: string }[]): string[] => list.slice(0, MOST_NAMED).map(({ id }) => id);
const names = (list: readonly WorkerFact[]): string => {
  const some = list.slice(0, 3).map(({ hostname }) => hostname);
  return list.length > 3 ? `${some.join(', ')} and ${list.length - 3} more` : some.join(', ');
};

function noWorkers({ workers }: HealthFacts): HealthReason | null {
  if (workers.some((worker) => worker.online && worker.active)) return null;
  const known = workers.length === 0 ? 'No worker was ever connected' : 'No worker takes work now';
  return reason({
    code: 'no_workers',
    severity: 'critical',
    points: 60,
    detail: `${known}: runs wait until one does.`,
  });
}

function offline({ workers, now }: HealthFacts): HealthReason | null {
  const meant = workers.filter((worker) => worker.active && (worker.online || now - worker.lastSeenAt < MISSED_MS));
  const gone = meant.filter((worker) => !worker.online && now - worker.lastSeenAt >= GRACE_MS);
  if (gone.length === 0 || gone.length === meant.length) return null;
  const part = gone.length / meant.length;
  return reason({
    code: 'workers_offline',
    severity: part >= 0.5 ? 'critical' : 'warning',
    points: Math.max(3, Math.round(part * 30)),
    detail: `${gone.length} of ${meant.length} workers went offline within a day: ${names(gone)}.`,
    worker_ids: ids(gone),
  });
}

function breakers({ workers }: HealthFacts): HealthReason | null {
  const open = workers.filter((worker) => worker.breaker === 'open');
  if (open.length === 0) return null;
  return reason({
    code: 'breakers_open',
    severity: 'warning',
    points: Math.min(30, open.length * 10),
    detail: `${names(open)} failed too often and ${open.length === 1 ? 'gets' : 'get'} no work for a while.`,
    worker_ids: ids(open),
  });
}

function stale({ stale: runs, now }: HealthFacts): HealthReason | null {
  if (runs.length === 0) return null;
  const longest = Math.max(...runs.map(({ since }) => now - since));
  return reason({
    code: 'queue_stale',
    severity: longest >= 6 * STALE_MS ? 'critical' : 'warning',
    points: Math.min(25, 10 + runs.length * 5),
    detail: `Nothing of ${runs.length === 1 ? `run ${runs[0]?.number}` : `${runs.length} runs`} has begun for ${Math.floor(longest / 60_000)} minutes.`,
    run_ids: ids(runs),
  });
}

function failures({ lastHour: { tests, unexpected } }: HealthFacts): HealthReason | null {
  const rate = tests < LEAST_TESTS ? 0 : unexpected / tests;
  if (rate <= 0.05) return null;
  return reason({
    code: 'failure_rate',
    severity: rate > 0.2 ? 'critical' : 'warning',
    points: rate > 0.2 ? 20 : 10,
    detail: `${Math.round(rate * 100)} % of the ${tests} tests of the last hour failed.`,
  });
}

function overload({ load }: HealthFacts): HealthReason | null {
  if (load.level === 'normal') return null;
  const overloaded = load.level === 'overloaded';
  return reason({
    code: 'overload',
    severity: overloaded ? 'critical' : 'warning',
    points: overloaded ? 30 : 10,
    detail: `The coordinator is ${load.level}${load.reasons.length > 0 ? `: ${load.reasons.join('; ')}` : ''}.`,
  });
}

function workerDisks({ workers }: HealthFacts): HealthReason | null {
  const low = workers.filter(({ online, diskFree }) => online && diskFree !== null && diskFree < LOW_DISK);
  if (low.length === 0) return null;
  return reason({
    code: 'worker_disk',
    severity: 'warning',
    points: Math.min(15, low.length * 5),
    detail: `Less than 10 % of the disk is free on ${names(low)}.`,
    worker_ids: ids(low),
  });
}

function ownDisk({ disk }: HealthFacts): HealthReason | null {
  if (!disk) return null;
  const tight = disk.freeBytes < TIGHT_BYTES;
  if (!tight && disk.freeBytes >= disk.totalBytes * LOW_DISK) return null;
  return reason({
    code: 'coordinator_disk',
    severity: tight ? 'critical' : 'warning',
    points: tight ? 40 : 10,
    detail: `${Math.round(disk.freeBytes / 1024 ** 2)} MiB are free where the coordinator keeps its data.`,
  });
}
