/** What has come since the page was opened, newest first; while it is paused, what comes waits. */
import { useEffect, useRef, useState } from 'react';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import { eventKey } from '../fleet/events.ts';
import { onFleetEvents } from '../fleet/store.ts';
import { matchesLive, type LogFilter } from './filter.ts';

/** Older ones are read back from the coordinator. */
const MOST = 2_000;

export interface Tail {
  events: readonly FleetEvent[];
  /** How many wait while it is paused. */
  waiting: number;
}

export function useTail(filter: LogFilter, paused: boolean): Tail {
  const [state, setState] = useState<{ events: readonly FleetEvent[]; waiting: readonly FleetEvent[] }>({
    events: [],
    waiting: [],
  });
  const isPaused = useRef(paused);
  useEffect(() => {
    isPaused.current = paused;
    if (!paused) setState(({ events, waiting }) => ({ events: [...waiting, ...events].slice(0, MOST), waiting: [] }));
  }, [paused]);
  useEffect(() => {
    setState({ events: [], waiting: [] });
    return onFleetEvents((batch) => {
      const fresh = batch.filter((event) => matchesLive(event, filter)).reverse();
      if (fresh.length === 0) return;
      setState(({ events, waiting }) =>
        isPaused.current
          ? { events, waiting: [...fresh, ...waiting].slice(0, MOST) }
          : { events: [...fresh, ...events].slice(0, MOST), waiting },
      );
    });
  }, [filter]);
  return { events: state.events, waiting: state.waiting.length };
}

/** Live ones before those that were read, each once. */
export function joined(live: readonly FleetEvent[], read: readonly FleetEvent[]): FleetEvent[] {
  const known = new Set(read.map(eventKey));
  return [...live.filter((event) => !known.has(eventKey(event))), ...read];
}
