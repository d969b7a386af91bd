/** A worker of a list, kept up to date by events: the same object where nothing changed. Figures of its machine come with heartbeats only. */
import type { FleetEvent } from '../../shared/protocol/events.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';

type Task = Worker['current_tasks'][number];

export function workerAfter(worker: Worker, event: FleetEvent): Worker {
  switch (event.type) {
    case 'worker.online':
      return standing({ ...worker, max_parallel_tasks: event.data.slots }, true);
    case 'worker.offline':
      return standing(worker, false);
    case 'worker.intent': {
      const changed = { ...worker, intent: event.data.intent, intent_reason: event.data.reason };
      return standing(changed, worker.status !== 'offline');
    }
    case 'worker.breaker': {
      const { state, reason, until } = event.data;
      const next_try_at = until === null ? null : new Date(until).toISOString();
      return { ...worker, breaker: { ...worker.breaker, state, reason, next_try_at } };
    }
    case 'task.granted': {
      const { kind, attempt } = event.data;
      const task = { id: event.task_id, test_run_id: event.run_id, kind, status: 'assigned', attempt };
      return holding(worker, [...others(worker, event.task_id), task]);
    }
    case 'task.started': {
      const change = (task: Task) => (task.id === event.task_id ? { ...task, status: 'running' } : task);
      return { ...worker, current_tasks: worker.current_tasks.map(change) };
    }
    case 'task.finished':
    case 'task.requeued':
    case 'task.cancelled':
      return holding(worker, others(worker, event.task_id));
    default:
      return worker;
  }
}

const others = (worker: Worker, taskId: string): Task[] => worker.current_tasks.filter(({ id }) => id !== taskId);

const holding = (worker: Worker, current_tasks: Task[]): Worker =>
  standing({ ...worker, current_tasks }, worker.status !== 'offline');

/** The same words as the API has for it. */
function standing(worker: Worker, online: boolean): Worker {
  if (worker.intent === 'maintenance') return { ...worker, status: 'maintenance' };
  if (!online) return { ...worker, status: 'offline' };
  return { ...worker, status: worker.current_tasks.length > 0 ? 'busy' : 'idle' };
}
