/**
 * The life of a run:
 *
 *   pending ─activate─► scheduling ─planned─► running ─finish─► completed
 *      │ (static runs: activate ─► running)      │
 *      └────────────┬────────────┴───────────────┘
 *                   ├─fail──► failed      (it could not be carried out)
 *                   └─cancel► cancelled
 */
import type { RunState } from '../../../shared/protocol/rest/runs.ts';

export type RunEvent =
  | { type: 'activate'; kind: 'queue' | 'shards' }
  | { type: 'planned' }
  | { type: 'finish' }
  | { type: 'fail' }
  | { type: 'cancel' };

const finalStates: readonly RunState[] = ['completed', 'failed', 'cancelled'];

export function isFinal(state: RunState): boolean {
  return finalStates.includes(state);
}

/** The state after `event`, or null where the event is not allowed in `state`. */
export function nextRunState(state: RunState, event: RunEvent): RunState | null {
  if (isFinal(state)) return null;
  switch (event.type) {
    case 'activate':
      if (state !== 'pending') return null;
      return event.kind === 'shards' ? 'running' : 'scheduling';
    case 'planned':
      return state === 'scheduling' ? 'running' : null;
    case 'finish':
      return state === 'running' ? 'completed' : null;
    case 'fail':
      return 'failed';
    case 'cancel':
      return 'cancelled';
  }
}
