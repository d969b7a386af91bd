/** The fleet at a glance: workers in groups, and how many slots there are for each browser on each system. */
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { slotsOf } from '../parts/worker-standing.ts';

export const GROUPINGS = ['platform', 'tag', 'team'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface Group {
  /** As the worker has it: a platform, a tag, the id of a team; null: none of these. */
  key: string | null;
  workers: Worker[];
  slots: number;
  busy: number;
}

/** A worker with several tags is in several groups. Largest groups first, those without a key last. */
export function grouped(workers: readonly Worker[], by: Grouping): Group[] {
  const groups = new Map<string | null, Group>();
  for (const worker of workers) {
    const { busy, all } = slotFigures(worker);
    for (const key of keysOf(worker, by)) {
      const group = groups.get(key) ?? { key, workers: [], slots: 0, busy: 0 };
      groups.set(key, { key, workers: [...group.workers, worker], slots: group.slots + all, busy: group.busy + busy });
    }
  }
  return [...groups.values()].sort(
    (a, b) =>
      Number(a.key === null) - Number(b.key === null) || b.slots - a.slots || (a.key ?? '').localeCompare(b.key ?? ''),
  );
}

function keysOf(worker: Worker, by: Grouping): (string | null)[] {
  if (by === 'platform') return [worker.capabilities.platform];
  if (by === 'team') return [worker.team_id];
  return worker.tags.length === 0 ? [null] : worker.tags;
}

export function slotFigures(worker: Worker): { busy: number; all: number } {
  const { tasks, more, free } = slotsOf(worker);
  const busy = tasks.length + more;
  return { busy, all: busy + free };
}

/** Whether it may be given something now. */
export const takesWork = (worker: Worker): boolean =>
  (worker.status === 'idle' || worker.status === 'busy') &&
  worker.intent === 'active' &&
  worker.approved &&
  worker.breaker.state !== 'open';

export interface Availability {
  browser: string;
  platform: string;
  /** Machines that take work now, their slots, and how many of these are free. */
  machines: number;
  slots: number;
  free: number;
  /** Machines that have it and take no work now. */
  away: number;
}

/** Every pair of browser and platform that a machine of the fleet has. */
export function availability(workers: readonly Worker[]): Availability[] {
  const cells = new Map<string, Availability>();
  for (const worker of workers) {
    const { platform, browsers } = worker.capabilities;
    const { busy, all } = slotFigures(worker);
    for (const browser of Object.keys(browsers)) {
      const key = `${browser} ${platform}`;
      const cell = cells.get(key) ?? { browser, platform, machines: 0, slots: 0, free: 0, away: 0 };
      const here = takesWork(worker);
      cells.set(key, {
        ...cell,
        machines: cell.machines + Number(here),
        slots: cell.slots + (here ? all : 0),
        free: cell.free + (here ? all - busy : 0),
        away: cell.away + Number(!here),
      });
    }
  }
  return [...cells.values()].sort((a, b) => a.browser.localeCompare(b.browser) || a.platform.localeCompare(b.platform));
}
