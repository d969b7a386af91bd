/** How a worker stands, in one word with its reason: the first that applies of what people must know. */
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import type { Tone } from '../ui/status.tsx';

export type Standing =
  | 'offline'
  | 'maintenance'
  | 'approvalWaits'
  | 'breakerOpen'
  | 'breakerHalfOpen'
  | 'paused'
  | 'draining'
  | 'busy'
  | 'idle';

type Asked = Pick<Worker, 'status' | 'intent' | 'intent_reason' | 'approved' | 'breaker'>;

export function standingOf(worker: Asked): Standing {
  if (worker.intent === 'maintenance') return 'maintenance';
  if (worker.status === 'offline') return 'offline';
  if (!worker.approved) return 'approvalWaits';
  if (worker.intent !== 'active') return worker.intent;
  if (worker.breaker.state === 'open') return 'breakerOpen';
  if (worker.breaker.state === 'half_open') return 'breakerHalfOpen';
  return worker.status === 'busy' ? 'busy' : 'idle';
}

export const TONE_OF: Record<Standing, Tone> = {
  offline: 'failed',
  maintenance: 'skipped',
  approvalWaits: 'flaky',
  breakerOpen: 'failed',
  breakerHalfOpen: 'flaky',
  paused: 'skipped',
  draining: 'skipped',
  busy: 'running',
  idle: 'passed',
};

/** What somebody has said of it; null where nobody has. */
export function saidReason(worker: Asked): string | null {
  const standing = standingOf(worker);
  if (standing === 'breakerOpen' || standing === 'breakerHalfOpen') return worker.breaker.reason;
  return worker.intent === 'active' ? null : worker.intent_reason;
}

/** Its slots in the order in which they are drawn: what its tasks hold, then what is free. */
export function slotsOf(worker: Pick<Worker, 'max_parallel_tasks' | 'current_tasks' | 'allocated'>): {
  tasks: Worker['current_tasks'];
  more: number;
  free: number;
} {
  const tasks = worker.current_tasks;
  // One task may take several slots, and those of other teams' tasks are only counted.
  const busy = Math.max(worker.allocated.slots, tasks.length);
  return { tasks, more: busy - tasks.length, free: Math.max(0, worker.max_parallel_tasks - busy) };
}
