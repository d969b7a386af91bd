/** The agent's status, from what its parts know. Pure. */
import type { AgentState, AgentStatus } from '../../shared/protocol/desktop/agent.ts';
import type { Decision } from './manners/rules.ts';

const MOST_TESTS = 100;

export interface StatusView extends Pick<AgentStatus, 'version' | 'worker' | 'coordinator' | 'tests' | 'problem'> {
  isStopping: boolean;
  isConnected: boolean;
  slots: number;
  busy: number;
  decision: Decision;
}

export function statusOf(view: StatusView): AgentStatus {
  const { version, worker, coordinator, tests, problem, slots, busy, decision } = view;
  return {
    state: stateOf(view),
    version,
    worker,
    coordinator,
    slots: { total: slots, lent: decision.slots, busy },
    tests: tests.slice(0, MOST_TESTS),
    why: decision.why,
    problem,
  };
}

/** What its owner should know first. A machine that is paused need not reach anybody. */
function stateOf({ isStopping, problem, decision, isConnected, busy }: StatusView): AgentState {
  if (isStopping) return 'draining';
  if (problem) return 'attention';
  if (decision.slots === 0) return 'paused';
  if (!isConnected) return 'offline';
  return busy > 0 ? 'busy' : 'idle';
}
