/** Figures over runs, tests and machines. Read anew when a run ends, and now and then: time alone changes them too. */
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { FailureClusters } from '../../shared/protocol/rest/analysis.ts';
import type { FailurePatterns, Health, Performance, Trends, WorkerUse } from '../../shared/protocol/rest/analytics.ts';
import type { TestSort, TestStanding } from '../../shared/protocol/rest/tests.ts';
import { api, type Query } from './client.ts';
import { isOver } from './run-row.ts';
import { onFleetEvents, queryClient } from './store.ts';

/** The first word of all keys here. */
const METRICS = 'metrics';
const HEALTH_MS = 10_000;
const FIGURES_MS = 60_000;
/** What is counted is ready a moment after the run has ended, and many may end together. */
const SETTLE_MS = 1_500;

/** ISO times; as GET metrics takes them. */
export interface Range {
  from?: string;
  to?: string;
}

export function useHealth() {
  return useFigures<Health>('/metrics/health', {}, HEALTH_MS);
}

export function usePerformance(project?: string) {
  return useFigures<Performance>('/metrics/performance', { project });
}

export function useTrends(query: Range & { project?: string; bucket: Trends['bucket']; time_zone: string }) {
  return useFigures<Trends>('/metrics/trends', { ...query });
}

export function useWorkerUse(query: Range & { time_zone: string }) {
  return useFigures<WorkerUse>('/metrics/workers', { ...query });
}

export function useFailurePatterns(query: Range & { project?: string; limit: number }) {
  return useFigures<FailurePatterns>('/metrics/failures', { ...query });
}

function useFigures<T>(path: string, query: Query, every = FIGURES_MS) {
  return useQuery({
    queryKey: [METRICS, path, query],
    queryFn: ({ signal }) => api.get<T>(path, query, signal),
    refetchInterval: every,
    // Another range keeps the last picture until its own is there.
    placeholderData: keepPreviousData,
  });
}

/** A test with the project (of Playfleet) that it belongs to. */
export interface ProjectTest extends TestStanding {
  of: string;
}

interface StandingsPage {
  items: TestStanding[];
  total: number;
}

/** The first tests of each of these projects, together and not sorted. */
export function useTestStandings(projects: readonly string[], query: Range & { sort: TestSort; limit: number }) {
  return useQueries({
    queries: projects.map((project) => ({
      queryKey: [METRICS, 'tests', project, query],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<ProjectTest[]> => {
        const path = `/projects/${encodeURIComponent(project)}/tests`;
        const { items } = await api.get<StandingsPage>(path, { ...query }, signal);
        return items.map((item) => ({ ...item, of: project }));
      },
      refetchInterval: FIGURES_MS,
    })),
    combine: (results) => ({
      tests: results.flatMap(({ data }) => data ?? []),
      isPending: results.some(({ isPending }) => isPending),
      error: results.find(({ error }) => error !== null)?.error ?? null,
      refetch: () => void Promise.all(results.map((result) => result.refetch())),
    }),
  });
}

/** The failed and flaky tests of one run, by their error. */
export function useFailureClusters(runIds: readonly string[]) {
  return useQueries({
    queries: runIds.map((id) => ({
      queryKey: [METRICS, 'clusters', id],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get<FailureClusters>(`/test-runs/${encodeURIComponent(id)}/failures`, {}, signal),
    })),
    combine: (results) => ({
      runs: results.flatMap(({ data }) => data ?? []),
      isPending: results.some(({ isPending }) => isPending),
      error: results.find(({ error }) => error !== null)?.error ?? null,
      refetch: () => void Promise.all(results.map((result) => result.refetch())),
    }),
  });
}

/** Reads all figures that are shown anew soon after a run has ended. */
export function useFiguresFollowRuns(): void {
  useEffect(() => {
    let timer: number | undefined;
    const stop = onFleetEvents((events) => {
      if (timer !== undefined || !events.some((event) => event.type === 'run.state' && isOver(event.data.to))) return;
      timer = window.setTimeout(() => {
        timer = undefined;
        void queryClient.invalidateQueries({ queryKey: [METRICS] });
      }, SETTLE_MS);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, []);
}
