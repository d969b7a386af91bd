/** Which tests of a run fail that did not fail in the run before it. */
import { useQuery } from '@tanstack/react-query';
import type { Comparison } from '../../../shared/protocol/rest/analysis.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { api } from '../../fleet/client.ts';
import type { Page } from '../../fleet/runs.ts';
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
      const before = await runBefore(run, signal);
      if (before === null) return null;
      const path = `/test-runs/${encodeURIComponent(run.id)}/compare`;
      const query = { change: 'newly_failing', with: before, limit: MOST };
      const found = await api.get<Comparison>(path, query, signal);
      return { since: found.with.number, testIds: new Set(found.items.map(({ test_id }) => test_id)) };
    },
    enabled: run.tests.unexpected > 0,
    refetchInterval: over ? false : AGAIN_MS,
  });
  return data ?? null;
}

/** Among how many of the newest runs of the project the one before is looked for. */
const LOOK_BACK = 100;

/** Id of the newest run of the project before this one that was carried out. */
async function runBefore(run: Run, signal: AbortSignal): Promise<string | null> {
  const query = { project: run.project, status: 'completed', limit: LOOK_BACK };
  const { items } = await api.get<Page<Run>>('/test-runs', query, signal);
  return items.find(({ number, tests }) => number < run.number && tests.settled > 0)?.id ?? null;
}
