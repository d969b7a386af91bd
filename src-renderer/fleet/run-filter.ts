/** Which runs a list shows: asked of the API for what is not here yet, and of the mirror for what changes meanwhile. Both mean the same. */
import type { Run, RunState } from '../../shared/protocol/rest/runs.ts';

/** What is left out does not restrict. */
export interface RunFilter {
  status?: RunState;
  outcome?: 'passed' | 'failed';
  project?: string;
  tag?: string;
  /** Part of the name, in any case. */
  search?: string;
}

export function matches(run: Run, { status, outcome, project, tag, search }: RunFilter): boolean {
  if (status !== undefined && run.status !== status) return false;
  if (outcome !== undefined && run.outcome !== outcome) return false;
  if (project !== undefined && run.project !== project) return false;
  if (tag !== undefined && !run.tags.includes(tag)) return false;
  return search === undefined || run.name.toLowerCase().includes(search.toLowerCase().replaceAll(/[%_]/g, ''));
}

/** Those that match, newest first, down to the time `floor` (ISO 8601): before it not everything has been read. */
export function listed(runs: readonly Run[], filter: RunFilter, floor: string): Run[] {
  return runs.filter((run) => run.created_at >= floor && matches(run, filter)).sort(newestFirst);
}

/** Numbers tell runs of one moment apart; those of promoted coordinators are far above all others. */
const newestFirst = (a: Run, b: Run): number =>
  a.created_at === b.created_at ? b.number - a.number : a.created_at < b.created_at ? 1 : -1;
