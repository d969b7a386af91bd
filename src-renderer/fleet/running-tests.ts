/** Which tests run at this moment, by task: live only, so a page that was just opened learns of them with their next change. */
import { create } from 'zustand';
import type { FleetEvent, RunningTest } from '../../shared/protocol/events.ts';
import { onFleetEvents } from './store.ts';

export interface Running extends RunningTest {
  /** When we were first told; milliseconds since the epoch, by the coordinator's clock. */
  since: number;
}

export type RunningByTask = ReadonlyMap<string, readonly Running[]>;

const NOTHING: readonly Running[] = [];

/** The next state; the same object where nothing changed. */
export function afterRunning(before: RunningByTask, events: readonly FleetEvent[]): RunningByTask {
  let after: Map<string, readonly Running[]> | null = null;
  for (const event of events) {
    if (event.type === 'tests.running') {
      after ??= new Map(before);
      const earlier = after.get(event.task_id) ?? NOTHING;
      const since = ({ test_id, retry }: RunningTest): number =>
        earlier.find((one) => one.test_id === test_id && one.retry === retry)?.since ?? event.at;
      after.set(
        event.task_id,
        event.data.running.map((test) => ({ ...test, since: since(test) })),
      );
    } else if (event.task_id !== null && ENDS.has(event.type) && before.has(event.task_id)) {
      after ??= new Map(before);
      after.delete(event.task_id);
    }
  }
  return after ?? before;
}

const ENDS: ReadonlySet<FleetEvent['type']> = new Set(['task.finished', 'task.requeued', 'task.cancelled'] as const);

const useRunningStore = create<{ tasks: RunningByTask }>(() => ({ tasks: new Map() }));
onFleetEvents((events) => useRunningStore.setState(({ tasks }) => ({ tasks: afterRunning(tasks, events) })));

export const useRunningTests = (taskId: string): readonly Running[] =>
  useRunningStore(({ tasks }) => tasks.get(taskId) ?? NOTHING);
