import { useMutation } from '@tanstack/react-query';
import { api } from '../../fleet/client.ts';
import { readNewestRuns } from '../../fleet/runs.ts';
import { toastError } from '../../ui/toast.tsx';

export interface Rerun {
  id: string;
  /** Or ids of tests. */
  what: 'all' | 'failed' | readonly string[];
}

/** Starts a new run of the same tests, those that failed, or some. The answer names it. */
export const useRerunTests = () =>
  useMutation({
    mutationFn: ({ id, what }: Rerun) =>
      api.change<{ test_run_id: string; number: number }>(
        'POST',
        `/test-runs/${encodeURIComponent(id)}/retry`,
        typeof what === 'string' ? { only: what } : { tests: what },
      ),
    onSettled: () => void readNewestRuns().catch(toastError),
  });
