/** Runs that wait for other runs: whether what a run waits for has come, may still come, or cannot come any more. */
import type { DependencyRule, RunState } from '../../../shared/protocol/rest/runs.ts';
import { runLabel } from '../../../shared/model/run-label.ts';

/** How a run ended: by its tests or because it could not be carried out; a cancelled one neither passed nor failed. */
export type Ending = 'passed' | 'failed' | 'cancelled';

/** null while it has not ended. */
export function endingOf(run: { state: RunState; outcome: 'passed' | 'failed' | null }): Ending | null {
  if (run.state === 'completed') return run.outcome;
  return run.state === 'failed' || run.state === 'cancelled' ? run.state : null;
}

export interface Awaited {
  ending: Ending | null;
  /** Of its reruns, and of theirs. */
  retries: readonly (Ending | null)[];
}

/** never: it ended otherwise than it should have, and the run that waits for it is not to run then. */
export type EdgeVerdict = 'met' | 'waiting' | 'never';

export function judgeEdge({ on, otherwise }: DependencyRule, { ending, retries }: Awaited): EdgeVerdict {
  if (ending === null) return 'waiting';
  if (isWanted(on, ending) || otherwise === 'run') return 'met';
  if (otherwise === 'skip') return 'never';
  return retries.some((retry) => retry !== null && isWanted(on, retry)) ? 'met' : 'waiting';
}

function isWanted(on: DependencyRule['on'], ending: Ending): boolean {
  return on === 'end' || (on === 'success' ? ending === 'passed' : ending === 'failed');
}

const HAS = { success: 'has passed', end: 'has ended', failure: 'has failed' } as const;
const DID = { passed: 'passed', failed: 'failed', cancelled: 'was cancelled' } as const;

export interface NamedEdge extends DependencyRule {
  before: { number: number; name: string; ending: Ending | null };
}

const named = ({ number, name }: NamedEdge['before']) => `run #${runLabel(number)} (${name})`;

/** For people: what the run waits for. */
export function whyWaiting(edges: readonly NamedEdge[]): string {
  const each = edges.map(({ on, before }) =>
    before.ending === null
      ? `${named(before)} ${HAS[on]}`
      : `a retry of ${named(before)}, which ${DID[before.ending]}, ${HAS[on]}`,
  );
  const more = each.length > 3 ? ` and ${each.length - 3} more` : '';
  return `Begins once ${each.slice(0, 3).join(', ')}${more}`;
}

/** For people: why the run is not carried out. */
export function whySkipped({ on, before }: NamedEdge): string {
  const did = before.ending === null ? 'did not end' : DID[before.ending];
  return `Not run: ${named(before)} ${did}, and this run was to begin once it ${HAS[on]}`;
}
