import type { Worker } from '../../shared/protocol/rest/workers.ts';

/** blocked: it is there, but gets no work: not approved, or its breaker is open. */
export type SlotState = 'busy' | 'free' | 'paused' | 'blocked' | 'offline';

/** Each slot of a worker: the busy ones first. */
export function slotsOf(worker: Worker): SlotState[] {
  const busy = Math.min(worker.max_parallel_tasks, Math.max(worker.allocated.slots, worker.current_tasks.length));
  const rest = restOf(worker);
  return Array.from({ length: worker.max_parallel_tasks }, (_, i) => (rest === 'offline' || i >= busy ? rest : 'busy'));
}

function restOf(worker: Worker): SlotState {
  if (worker.status === 'offline') return 'offline';
  if (worker.intent !== 'active') return 'paused';
  if (!worker.approved || worker.breaker.state === 'open') return 'blocked';
  return 'free';
}
