/** Runs: reading them, following them, changing them. */
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { api } from './client.ts';
import { listed, type RunFilter } from './run-filter.ts';
import { positionOf, withRuns } from './mirror.ts';
import { changeMirror, queryClient, useFleetStore } from './store.ts';

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

const PAGE = 100;
/** Behind all times. */
const NOT_READ = '~';

/** Reads a page of runs into the mirror; `floor`: all matching runs from this time on are there then. */
async function readRuns(filter: RunFilter, limit: number, cursor?: string, signal?: AbortSignal) {
  const { body, eventId } = await api.read<Page<Run>>('/test-runs', { ...filter, limit, cursor }, signal);
  changeMirror((mirror) => withRuns(mirror, body.items, positionOf(eventId)));
  return { next: body.next_cursor, floor: body.next_cursor === null ? '' : (body.items.at(-1)?.created_at ?? '') };
}

/** The runs that match, newest first, page by page, live: also those that were created, or came to match, since they were read. */
export function useRuns(filter: RunFilter = {}, limit = PAGE) {
  const query = useInfiniteQuery({
    queryKey: ['runs', filter, limit],
    queryFn: ({ pageParam, signal }) => readRuns(filter, limit, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    // Events keep them up to date.
    staleTime: Infinity,
  });
  const known = useFleetStore(({ mirror }) => mirror.runs);
  const floor = query.data?.pages.at(-1)?.floor ?? NOT_READ;
  const key = JSON.stringify(filter);
  const runs = useMemo(
    () =>
      listed(
        Array.from(known.values(), ({ value }) => value),
        JSON.parse(key) as RunFilter,
        floor,
      ),
    [known, key, floor],
  );
  return { ...query, runs };
}

/** Reads what is newest into the mirror: lists show of it what matches them. */
export const readNewestRuns = (): Promise<unknown> => readRuns({}, PAGE);

export async function readRun(id: string, signal?: AbortSignal): Promise<string> {
  const { body, eventId } = await api.read<Run>(`/test-runs/${encodeURIComponent(id)}`, {}, signal);
  changeMirror((mirror) => withRuns(mirror, [body], positionOf(eventId)));
  return body.id;
}

/** One run, live, by its id or number. */
export function useRun(id: string) {
  const query = useQuery({ queryKey: ['run', id], queryFn: ({ signal }) => readRun(id, signal) });
  const run = useFleetStore(({ mirror }) => mirror.runs.get(query.data ?? id)?.value);
  return { ...query, run };
}

const readAgain = (key: string, id: string) => queryClient.invalidateQueries({ queryKey: [key, id] });

/** Ends a run; what works on it is stopped. */
export const cancelRun = (id: string, reason?: string) =>
  api.change<unknown>('POST', `/test-runs/${encodeURIComponent(id)}/cancel`, reason === undefined ? {} : { reason });

/** All tests of a run, those that failed, or those with these ids. */
export type RerunOf = 'all' | 'failed' | readonly string[];

/** A new run of the same, answered with its id and number. */
export const rerunRun = (id: string, what: RerunOf) =>
  api.change<{ test_run_id: string; number: number }>(
    'POST',
    `/test-runs/${encodeURIComponent(id)}/retry`,
    typeof what === 'string' ? { only: what } : { tests: what },
  );

export const useCancelRun = () =>
  useMutation({ mutationFn: (id: string) => cancelRun(id), onSettled: (_answer, _error, id) => readAgain('run', id) });

export const useRerun = () =>
  useMutation({
    mutationFn: ({ id, what }: { id: string; what: RerunOf }) => rerunRun(id, what),
    // What is new comes with its event, too; this only makes it sooner.
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['runs'] }),
  });
