/** One test: its attempts in a run, its history over runs, its screenshots, and what is different between two runs. */
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import type { Comparison, ScreenshotComparison, TestChange } from '../../shared/protocol/rest/analysis.ts';
import type { TestDetail, TestSummary } from '../../shared/protocol/rest/results.ts';
import type { TestHistory } from '../../shared/protocol/rest/tests.ts';
import { ApiError } from './api-error.ts';
import { api } from './client.ts';
import type { Page } from './runs.ts';
import { onFleetEvents, queryClient } from './store.ts';

const part = encodeURIComponent;
const MOST = 500;

/** One test of a run with all that is known of its attempts; read anew when the run says something of it. `run`: id or number. */
export function useTest(run: string, testId: string, runId: string | undefined) {
  const query = useQuery({
    queryKey: ['test', run, testId],
    queryFn: ({ signal }) => api.get<TestDetail>(`/test-runs/${part(run)}/tests/${part(testId)}`, {}, signal),
  });
  useEffect(() => {
    if (runId === undefined) return;
    return onFleetEvents((events) => {
      if (events.some((event) => isAbout(event, runId, testId)))
        void queryClient.invalidateQueries({ queryKey: ['test', run, testId] });
    });
  }, [run, runId, testId]);
  return query;
}

function isAbout(event: FleetEvent, runId: string, testId: string): boolean {
  if (event.run_id !== runId) return false;
  if (event.type === 'run.state') return true;
  return JSON.stringify(event.data).includes(testId);
}

/** What became of the test in the last runs of its project. null: no run with it has ended yet. */
export function useTestHistory(project: string | undefined, testId: string) {
  return useQuery({
    queryKey: ['test-history', project, testId],
    queryFn: ({ signal }) =>
      api
        .get<TestHistory>(`/projects/${part(project ?? '')}/tests/${part(testId)}`, { last: 50 }, signal)
        .catch((error: unknown) => {
          if (error instanceof ApiError && error.status === 404) return null;
          throw error;
        }),
    enabled: project !== undefined,
  });
}

/** Failed and then flaky tests of a run, in the order of its list: what `[` and `]` walk through. */
export function useFailedTests(run: string) {
  return useQuery({
    queryKey: ['failed-tests', run],
    queryFn: async ({ signal }) => {
      const of = (outcome: string) =>
        api.get<Page<TestSummary>>(`/test-runs/${part(run)}/tests`, { outcome, limit: MOST }, signal);
      const [failed, flaky] = await Promise.all([of('unexpected'), of('flaky')]);
      return [...failed.items, ...flaky.items].map(({ test_id, title }) => ({ test_id, title }));
    },
  });
}

/** Screenshots of the run that were not as expected, with where their snapshots lie. `enabled`: only where there are any. */
export function useScreenshots(run: string, enabled: boolean) {
  return useQuery({
    queryKey: ['screenshots', run],
    queryFn: async ({ signal }) => {
      const { items } = await api.get<Page<ScreenshotComparison>>(
        `/test-runs/${part(run)}/screenshots`,
        { limit: MOST },
        signal,
      );
      return items;
    },
    enabled,
  });
}

/** Takes screenshots over as the new expectation; resolves to a zip of snapshot files. */
export const useAcceptScreenshots = () =>
  useMutation({
    mutationFn: ({ run, ids }: { run: string; ids: readonly string[] }) =>
      api.download(`/test-runs/${part(run)}/screenshots/accept`, { ids }),
    onSettled: (_answer, _error, { run }) => queryClient.invalidateQueries({ queryKey: ['screenshots', run] }),
  });

export interface CompareFilter {
  /** Ids or numbers; `before` empty: the run before it. */
  now: string;
  before: string;
  change: TestChange | undefined;
  percent: number;
  atLeastMs: number;
}

/** What is different between two runs, page by page. */
export function useComparison({ now, before, change, percent, atLeastMs }: CompareFilter) {
  return useInfiniteQuery({
    queryKey: ['compare', now, before, change, percent, atLeastMs],
    queryFn: ({ pageParam, signal }) =>
      api.get<Comparison>(
        `/test-runs/${part(now)}/compare`,
        { with: before, change, percent, at_least_ms: atLeastMs, limit: 200, cursor: pageParam },
        signal,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    enabled: now !== '',
  });
}
