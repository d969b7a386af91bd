/** Which tests of a run fail that did not fail in the run before it. */
import { useQuery } from '@tanstack/react-query';
import type { Comparison } from '../../../shared/protocol/rest/analysis.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { ApiError } from '../../fleet/api-error.ts';
import { api } from '../../fleet/client.ts';
import { isOver } from '../../fleet/run-row.ts';

export interface NewFailures {
  /** Number of the run that it was compared with. */
  since: number;
  testIds: ReadonlySet<string>;
}

const MOST = 500;
/** While a run goes on, it is compared anew now and then. */
const AGAIN_MS = 10_000;

/** null: nothing failed, or there is no run to compare with. */
export function useNewFailures(run: Run): NewFailures | null {
  const over = isOver(run.status);
  const { data } = useQuery({
    queryKey: ['new-failures', run.id, over],
    queryFn: async ({ signal }) => {
      const path = `/test-runs/${encodeURIComponent(run.id)}/compare`;
      try {
        const found = await api.get<Comparison>(path, { change: 'newly_failing', limit: MOST }, signal);
        return { since: found.with.number, testIds: new Set(found.items.map(({ test_id }) => test_id)) };
      } catch (error) {
        if (error instanceof ApiError && error.code === 'nothing_to_compare') return null;
        throw error;
      }
    },
    enabled: run.tests.unexpected > 0,
    refetchInterval: over ? false : AGAIN_MS,
  });
  return data ?? null;
}
