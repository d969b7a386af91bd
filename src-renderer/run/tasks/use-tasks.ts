import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Task } from '../../../shared/protocol/rest/tasks.ts';
import { api } from '../../fleet/client.ts';
import type { Page } from '../../fleet/runs.ts';
import { onFleetEvents } from '../../fleet/store.ts';

const PAGE = 500;
/** After an event it is read anew this much later, with all that came meanwhile. */
const REST_MS = 1_000;

/** All tasks of a run, kept up to date by reading them anew when events tell of them. */
export function useTasks(runId: string) {
  const query = useQuery({
    queryKey: ['run-tasks', runId],
    queryFn: async ({ signal }) => {
      const tasks: Task[] = [];
      let cursor: string | undefined;
      do {
        const path = `/test-runs/${encodeURIComponent(runId)}/tasks`;
        const page: Page<Task> = await api.get<Page<Task>>(path, { limit: PAGE, cursor }, signal);
        tasks.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
      return tasks;
    },
    gcTime: 0,
  });
  const { refetch } = query;
  useEffect(() => {
    let timer: number | undefined;
    const stop = onFleetEvents((events) => {
      if (!events.some((event) => event.run_id === runId && /^(task|run)\.(?!log)/.test(event.type))) return;
      timer ??= window.setTimeout(() => {
        timer = undefined;
        void refetch({ cancelRefetch: false });
      }, REST_MS);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [runId, refetch]);
  return query;
}
