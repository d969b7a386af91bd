/** Workers: reading them and following them. */
import { useQuery } from '@tanstack/react-query';
import { useShallow } from 'zustand/react/shallow';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { api } from './client.ts';
import { positionOf, withWorkers } from './mirror.ts';
import type { Page } from './runs.ts';
import { changeMirror, useFleetStore } from './store.ts';

const MOST = 500;
/** Figures of the machines come with no event. */
const FIGURES_MS = 15_000;

/** All workers that one sees, page by page. */
async function readWorkers(signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const { body, eventId } = await api.read<Page<Worker>>('/workers', { limit: MOST, cursor }, signal);
    changeMirror((mirror) => withWorkers(mirror, body.items, positionOf(eventId)));
    ids.push(...body.items.map(({ id }) => id));
    cursor = body.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

/** All workers, by host name, live. */
export function useWorkers() {
  const query = useQuery({
    queryKey: ['workers'],
    queryFn: ({ signal }) => readWorkers(signal),
    refetchInterval: FIGURES_MS,
  });
  const ids = query.data;
  const workers = useFleetStore(
    useShallow(({ mirror }) =>
      (ids ?? []).map((id) => mirror.workers.get(id)?.value).filter((worker) => worker !== undefined),
    ),
  );
  return { ...query, workers };
}

/** One worker, live. */
export function useWorker(id: string) {
  const query = useQuery({
    queryKey: ['worker', id],
    queryFn: async ({ signal }) => {
      const { body, eventId } = await api.read<Worker>(`/workers/${encodeURIComponent(id)}`, {}, signal);
      changeMirror((mirror) => withWorkers(mirror, [body], positionOf(eventId)));
      return body.id;
    },
    refetchInterval: FIGURES_MS,
  });
  const worker = useFleetStore(({ mirror }) => mirror.workers.get(id)?.value);
  return { ...query, worker };
}
