/** Which workers could take a run's tasks now, and what stands against the others. */
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import type { Requirements } from '../../shared/protocol/work.ts';

export type Hindrance =
  | { why: 'offline' | 'paused' | 'unapproved' | 'breaker' | 'project' }
  | { why: 'browser' | 'platform' | 'tag'; what: string };

/** null: nothing. The first thing that is missing is named. */
export function hindranceOf(worker: Worker, needs: Requirements, project: string): Hindrance | null {
  const { platform, browsers } = worker.capabilities;
  const browser = needs.browsers?.find((name) => browsers[name] === undefined);
  if (browser !== undefined) return { why: 'browser', what: browser };
  if (needs.platform && needs.platform.length > 0 && !needs.platform.includes(platform)) {
    return { why: 'platform', what: platform };
  }
  const tag = needs.tags?.find((name) => !worker.tags.includes(name));
  if (tag !== undefined) return { why: 'tag', what: tag };
  if (worker.allow_projects !== null && !worker.allow_projects.includes(project)) return { why: 'project' };
  if (!worker.approved) return { why: 'unapproved' };
  if (worker.intent !== 'active') return { why: 'paused' };
  if (worker.status === 'offline') return { why: 'offline' };
  if (worker.breaker.state === 'open') return { why: 'breaker' };
  return null;
}

/** Slots of a worker that nothing holds. */
export const freeSlots = (worker: Worker): number => Math.max(0, worker.max_parallel_tasks - worker.allocated.slots);

export interface Matching {
  worker: Worker;
  hindrance: Hindrance | null;
}

/** Those that could begin first, then by name. */
export function matchWorkers(workers: readonly Worker[], needs: Requirements, project: string): Matching[] {
  return workers
    .map((worker) => ({ worker, hindrance: hindranceOf(worker, needs, project) }))
    .sort(
      (a, b) =>
        Number(a.hindrance !== null) - Number(b.hindrance !== null) ||
        a.worker.hostname.localeCompare(b.worker.hostname),
    );
}
