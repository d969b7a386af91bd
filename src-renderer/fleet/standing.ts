/** How a run stands, in one word: its life cycle and its verdict together. */
import type { Run } from '../../shared/protocol/rest/runs.ts';

/** broken: it could not be carried out. failed: it was, and tests failed. */
export type RunStanding = 'waiting' | 'running' | 'passed' | 'failed' | 'cancelled' | 'broken';

export function standingOf({ status, outcome }: Pick<Run, 'status' | 'outcome'>): RunStanding {
  switch (status) {
    case 'pending':
    case 'scheduling':
      return 'waiting';
    case 'running':
    case 'cancelled':
      return status;
    case 'failed':
      return 'broken';
    case 'completed':
      return outcome === 'failed' ? 'failed' : 'passed';
  }
}
