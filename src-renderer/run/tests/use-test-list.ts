/** The tests of a run for the page that shows them: read once, then live, drawn anew a few times a second at most. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { TestSummary } from '../../../shared/protocol/rest/results.ts';
import { api } from '../../fleet/client.ts';
import { isOver } from '../../fleet/run-row.ts';
import type { Page } from '../../fleet/runs.ts';
import { onFleetEvents } from '../../fleet/store.ts';
import { TestList } from './test-list.ts';
import type { TestRow } from './row.ts';

const PAGE = 500;
/** How often what changed is shown. */
const SHOW_MS = 250;

export interface ListOfTests {
  rows: readonly TestRow[];
  /** Nothing has been read yet. */
  isPending: boolean;
  error: Error | null;
  retry: () => void;
}

let readings = 0;

/** `runId` stays the same while the component is there. */
export function useTestList(runId: string): ListOfTests {
  const [list] = useState(() => new TestList());
  // What was read is in the list of this page alone: who comes back reads anew, however soon.
  const [reading] = useState(() => ++readings);
  const [rows, setRows] = useState<readonly TestRow[]>(list.rows);
  /** The plan has changed while it was being read. */
  const outdated = useRef(false);
  const { error, refetch, isFetching } = useQuery({
    queryKey: ['run-tests', runId, reading],
    queryFn: async ({ signal }) => {
      do {
        outdated.current = false;
        await readAll(runId, list, () => setRows(list.rows), signal);
      } while (outdated.current);
      return list.rows.length;
    },
    staleTime: Infinity,
    gcTime: 0,
  });
  const fetching = useRef(isFetching);
  useEffect(() => {
    fetching.current = isFetching;
  });
  useEffect(() => {
    let timer: number | undefined;
    const stop = onFleetEvents((events) => {
      const own = events.filter((event) => event.run_id === runId || event.type === 'worker.online');
      if (own.length === 0) return;
      if (list.apply(own, Date.now())) timer ??= window.setTimeout(show, SHOW_MS);
      // What it consists of, and what is only counted at its end, is the coordinator's to say.
      const replanned = own.some(
        (event) => event.type === 'run.planned' || (event.type === 'run.state' && isOver(event.data.to)),
      );
      if (!replanned) return;
      outdated.current = true;
      if (!fetching.current) void refetch();
    });
    const show = () => {
      timer = undefined;
      setRows(list.rows);
    };
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [runId, list, refetch]);
  return { rows, isPending: isFetching && rows.length === 0, error, retry: () => void refetch() };
}

async function readAll(runId: string, list: TestList, onPage: () => void, signal: AbortSignal): Promise<void> {
  list.beginReading();
  let cursor: string | undefined;
  do {
    const path = `/test-runs/${encodeURIComponent(runId)}/tests`;
    const page: Page<TestSummary> = await api.get(path, { limit: PAGE, cursor }, signal);
    list.takePage(page.items);
    onPage();
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  list.endReading();
  onPage();
}
