/** The timeline of a run for the page that shows it, live: attempts are read on from the last one that is known. */
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Attempts, Timeline, TimelineAttempt } from '../../../shared/protocol/rest/timeline.ts';
import { api } from '../../fleet/client.ts';
import { isOver } from '../../fleet/run-row.ts';
import { layOut, type Lane } from './lay-out.ts';

/** How often it is read while the run goes on. */
const AGAIN_MS = 2_000;

export interface TimelineOfRun {
  timeline: Timeline;
  lanes: readonly Lane[];
  attempts: number;
}

export function useTimeline(run: Run) {
  const [kept] = useState<{ attempts: TimelineAttempt[] }>(() => ({ attempts: [] }));
  const over = isOver(run.status);
  const query = useQuery({
    queryKey: ['timeline', run.id, over],
    queryFn: async ({ signal }) => {
      const path = `/test-runs/${encodeURIComponent(run.id)}`;
      const timeline = await api.get<Timeline>(`${path}/timeline`, {}, signal);
      // Which attempts count is settled at the end: then all are read anew.
      const attempts = over ? [] : [...kept.attempts];
      for (let more = true; more;) {
        const after = attempts.at(-1)?.id ?? 0;
        const page: Attempts = await api.get<Attempts>(`${path}/attempts`, { after }, signal);
        attempts.push(...page.items);
        more = page.more;
      }
      kept.attempts = attempts;
      return { timeline, attempts };
    },
    refetchInterval: over ? false : AGAIN_MS,
    placeholderData: (before) => before,
    structuralSharing: false,
  });
  const { data } = query;
  const shown = useMemo((): TimelineOfRun | null => {
    if (!data) return null;
    return { timeline: data.timeline, lanes: layOut(data.timeline, data.attempts), attempts: data.attempts.length };
  }, [data]);
  return { shown, error: query.error, retry: () => void query.refetch() };
}
