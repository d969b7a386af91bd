/** What a worker was given to do, newest first; those that it holds are read anew with the worker. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { WorkerTask } from '../../shared/protocol/rest/tasks.ts';
import type { WorkerHeartbeat } from '../../shared/protocol/rest/workers.ts';
import { api } from './client.ts';
import type { Page } from './runs.ts';

const PAGE = 50;
const path = (id: string, rest: string) => `/workers/${encodeURIComponent(id)}/${rest}`;

/** `held`: ids of the tasks that it has now, so that one that ends is read anew. */
export const useWorkerTasks = (id: string, held: string) =>
  useInfiniteQuery({
    queryKey: ['worker-tasks', id, held],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<WorkerTask>>(path(id, 'tasks'), { limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: (before) => before,
  });

const SHOWN = 50;
const EVERY_MS = 15_000;

/** The last heartbeats, newest first. */
export const useHeartbeats = (id: string) =>
  useQuery({
    queryKey: ['heartbeats', id],
    queryFn: async ({ signal }) =>
      (await api.get<Page<WorkerHeartbeat>>(path(id, 'heartbeats'), { limit: SHOWN }, signal)).items,
    refetchInterval: EVERY_MS,
  });
