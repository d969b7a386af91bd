/** Caps: how many tasks of a run may begin now, so that no cap is exceeded on all machines together. */
import type { Cap } from '../../../shared/protocol/rest/scheduling.ts';

export interface CappedRun {
  tags: readonly string[];
  /** The environment that it names, and the base_url that it tests. */
  environments: readonly string[];
}

/** Addresses are the same with and without a slash at their end. */
const bare = (environment: string) => environment.replace(/\/+$/, '');

export function isUnder(cap: Cap, run: CappedRun): boolean {
  if (cap.tag !== undefined) return run.tags.includes(cap.tag);
  const environment = bare(cap.environment ?? '');
  return run.environments.some((one) => bare(one) === environment);
}

/**
 * How many more tasks of `run` may be held, and the cap that says so; Infinity where none is over it. `held`: tasks that are held now of all
 * runs. The room is 0 where a cap was lowered below what is held.
 */
export function roomUnder(
  caps: readonly Cap[],
  run: CappedRun,
  held: readonly { run: CappedRun; tasks: number }[],
): { room: number; cap: Cap | null } {
  let least: { room: number; cap: Cap | null } = { room: Infinity, cap: null };
  for (const cap of caps.filter((one) => isUnder(one, run))) {
    const used = held.reduce((sum, other) => (isUnder(cap, other.run) ? sum + other.tasks : sum), 0);
    const room = Math.max(0, cap.limit - used);
    if (room < least.room) least = { room, cap };
  }
  return least;
}

/** Completes "it waits: …". */
export function nameOf(cap: Cap): string {
  const what = cap.tag === undefined ? `against ${cap.environment}` : `with tag ${cap.tag}`;
  return `at most ${cap.limit} ${cap.limit === 1 ? 'task' : 'tasks'} at once ${what}`;
}
