/** The mirror of the fleet in this tab, and the live connection that keeps it up to date. Components read it with the hooks beside this. */
import { QueryClient, type QueryKey } from '@tanstack/react-query';
import { create } from 'zustand';
import type { Clock } from '../../shared/base/clock.ts';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import { ApiError } from './api-error.ts';
import { api, type Client } from './client.ts';
import { Live, type LiveState } from './live.ts';
import { afterEvents, afterGap, emptyMirror, type Mirror } from './mirror.ts';
import { outdatedBy, Throttle } from './outdated.ts';

interface FleetStore {
  mirror: Mirror;
  live: LiveState;
  /** Since when it is in this state; milliseconds since the epoch. */
  liveSince: number;
}

export const useFleetStore = create<FleetStore>(() => ({
  mirror: emptyMirror,
  live: 'connecting',
  liveSince: Date.now(),
}));

export const changeMirror = (change: (mirror: Mirror) => Mirror): void =>
  useFleetStore.setState(({ mirror }) => ({ mirror: change(mirror) }));

/** What was read from the API, by what was asked. Errors that pass by themselves are tried again; all others say what to mend. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, error) => error instanceof ApiError && error.isPassing && failures < 3,
      refetchOnWindowFocus: false,
    },
  },
});

type Listener = (events: readonly FleetEvent[]) => void;
const listeners = new Set<Listener>();

/** Is called with what happens, in order, at most ten times a second. Returns how to stop it. */
export function onFleetEvents(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Begins to follow the coordinator; returns how to stop. Once per tab. */
export function followFleet(
  clock: Clock,
  client: Pick<Client, 'stream'> = api,
): { setVisible(visible: boolean): void; stop(): void } {
  const invalidate = (queryKey: QueryKey) => void queryClient.invalidateQueries({ queryKey });
  const throttle = new Throttle(clock, (key) => invalidate(JSON.parse(key) as QueryKey));
  const live = new Live({
    client,
    clock,
    random: Math.random,
    onState: (state) => useFleetStore.setState({ live: state, liveSince: clock.now() }),
    onEvents: (events) => {
      changeMirror((mirror) => afterEvents(mirror, events));
      for (const key of outdatedBy(events)) throttle.ask(JSON.stringify(key));
      for (const listener of listeners) listener(events);
    },
    onFresh: () => {
      changeMirror(afterGap);
      void queryClient.invalidateQueries();
    },
    onPoll: () => void queryClient.invalidateQueries(),
  });
  live.start();
  return {
    setVisible: (visible) => live.setVisible(visible),
    stop: () => {
      throttle.stop();
      live.stop();
    },
  };
}
