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

export interface Reading {
  /** Reads a run that the mirror does not have. */
  run: (id: string) => Promise<unknown>;
  newestRuns: () => Promise<unknown>;
}

/** Begins to follow the coordinator; returns how to stop. Once per tab. */
export function followFleet({
  clock,
  read,
  client = api,
}: {
  clock: Clock;
  read: Reading;
  client?: Pick<Client, 'stream'>;
}): { setVisible(visible: boolean): void; stop(): void } {
  // What cannot be read now is read with the next event, or when its page is opened.
  const quietly = (reading: Promise<unknown>) => void reading.catch(() => undefined);
  const throttle = new Throttle(clock, (key) => {
    const [kind, id] = JSON.parse(key) as [string, string?];
    if (kind === 'newest-runs') quietly(read.newestRuns());
    else if (kind === 'unknown-run') quietly(read.run(id ?? ''));
    else quietly(queryClient.invalidateQueries({ queryKey: JSON.parse(key) as QueryKey }));
  });
  const live = new Live({
    client,
    clock,
    random: Math.random,
    onState: (state) => useFleetStore.setState({ live: state, liveSince: clock.now() }),
    onEvents: (events) => {
      for (const key of outdatedBy(events, useFleetStore.getState().mirror.runs)) throttle.ask(JSON.stringify(key));
      changeMirror((mirror) => afterEvents(mirror, events));
      for (const listener of listeners) listener(events);
    },
    onFresh: () => {
      changeMirror(afterGap);
      void queryClient.invalidateQueries();
    },
    onPoll: () => {
      quietly(read.newestRuns());
      // All pages of long lists again every few seconds would be too much.
      const predicate = ({ queryKey }: { queryKey: QueryKey }): boolean => queryKey[0] !== 'runs';
      // What is being tried again goes on: begun anew each time, it would never come to its error, and nobody be told.
      void queryClient.invalidateQueries({ predicate }, { cancelRefetch: false });
    },
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
