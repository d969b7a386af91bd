/** The log of what happened: read back from its end, and followed. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import { api } from './client.ts';
import type { Page } from './runs.ts';

export interface EventFilter {
  run_id?: string;
  worker_id?: string;
  /** Beginnings of types, joined by commas. */
  type?: string;
  search?: string;
  /** ISO times. */
  from?: string;
  before?: string;
}

/** As GET /events has it. */
type Stored = Omit<FleetEvent, 'at'> & { at: string };

const PAGE = 200;

export async function readEvents(filter: EventFilter, cursor: string | undefined, signal?: AbortSignal, limit = PAGE) {
  const page = await api.get<Page<Stored>>('/events', { ...filter, order: 'newest', limit, cursor }, signal);
  return {
    events: page.items.map((event) => ({ ...event, at: Date.parse(event.at) }) as FleetEvent),
    next: page.next_cursor,
  };
}

/** Newest first, page by page; what happens since is for `onFleetEvents`. */
export const useEventHistory = (filter: EventFilter) =>
  useInfiniteQuery({
    queryKey: ['events', filter],
    queryFn: ({ pageParam, signal }) => readEvents(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });

/** Names one event for ever. */
export const eventKey = ({ epoch, seq }: FleetEvent): string => `${seq}.${epoch}`;
