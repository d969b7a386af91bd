/** The log of a run for the page that shows it: its end first, then live and without gaps, and what is older when it is asked for. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../../fleet/client.ts';
import type { Page } from '../../fleet/runs.ts';
import { onFleetEvents } from '../../fleet/store.ts';
import { LogBuffer, type LogChunk, type LogLine } from './log-buffer.ts';

const PAGE = 500;
/** The coordinator writes what is printed four times a second; events tell of it sooner. */
const SETTLED_MS = 500;
/** Who is further behind begins anew at the end. */
const MOST_BEHIND = 40;

export interface LogsOfRun {
  lines: readonly LogLine[];
  lacksBeginning: boolean;
  isPending: boolean;
  error: Error | null;
  retry: () => void;
  loadOlder: () => Promise<void>;
}

export function useLogs(runId: string): LogsOfRun {
  const kept = useRef<LogBuffer>(null);
  const [shown, setShown] = useState<Pick<LogsOfRun, 'lines' | 'lacksBeginning'>>({ lines: [], lacksBeginning: false });
  const path = `/test-runs/${encodeURIComponent(runId)}/logs`;
  const show = useCallback(
    (buffer: LogBuffer) => setShown({ lines: buffer.lines, lacksBeginning: buffer.lacksBeginning }),
    [],
  );
  const { error, isPending, refetch } = useQuery({
    queryKey: ['run-logs', runId],
    queryFn: async ({ signal }) => {
      const buffer = kept.current ?? new LogBuffer();
      const caughtUp = kept.current !== null && (await catchUp(path, buffer, signal));
      const whole = caughtUp ? buffer : await readEnd(path, signal);
      kept.current = whole;
      show(whole);
      return whole.last;
    },
    staleTime: Infinity,
    gcTime: 0,
  });
  useEffect(() => {
    let timer: number | undefined;
    const stop = onFleetEvents((events) => {
      const own = events.some(
        (event) => event.run_id === runId && (event.type === 'run.log' || event.type === 'run.state'),
      );
      if (!own) return;
      timer ??= window.setTimeout(() => {
        timer = undefined;
        void refetch({ cancelRefetch: false });
      }, SETTLED_MS);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [runId, refetch]);
  const loadOlder = useCallback(async () => {
    const buffer = kept.current;
    if (!buffer || buffer.first === null || !buffer.lacksBeginning) return;
    const page = await api.get<Page<LogChunk>>(path, { order: 'newest', limit: PAGE, after: buffer.first });
    buffer.prepend(page.items.toReversed(), page.next_cursor === null);
    show(buffer);
  }, [path, show]);
  return { ...shown, isPending, error, retry: () => void refetch(), loadOlder };
}

async function readEnd(path: string, signal: AbortSignal): Promise<LogBuffer> {
  const page = await api.get<Page<LogChunk>>(path, { order: 'newest', limit: PAGE }, signal);
  const buffer = new LogBuffer();
  buffer.append(page.items.toReversed());
  buffer.lacksBeginning = page.next_cursor !== null;
  return buffer;
}

/** Whether all that came since is in it now; false: too much. */
async function catchUp(path: string, buffer: LogBuffer, signal: AbortSignal): Promise<boolean> {
  for (let pages = 0; pages < MOST_BEHIND; pages++) {
    const page = await api.get<Page<LogChunk>>(path, { after: buffer.last, limit: PAGE }, signal);
    buffer.append(page.items);
    if (page.next_cursor === null) return true;
  }
  return false;
}
