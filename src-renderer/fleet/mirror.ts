/**
 * What this tab knows of the fleet: runs and workers as they were read, with every event since applied. Pure: the store (store.ts) holds
 * one, and replaces it with the next.
 */
import type { FleetEvent } from '../../shared/protocol/events.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { runAfter } from './run-row.ts';
import { workerAfter } from './worker-row.ts';

/** Where in the events something stands: all up to `seq` are in it. */
export interface Position {
  epoch: string;
  seq: number;
}

export interface Known<T> {
  value: T;
  at: Position | null;
}

export interface Mirror {
  runs: ReadonlyMap<string, Known<Run>>;
  workers: ReadonlyMap<string, Known<Worker>>;
  /** Tasks that race another one. */
  races: ReadonlySet<string>;
  /** The last stored events, oldest first: what was read a moment ago may lack them. */
  recent: readonly FleetEvent[];
}

/** More than come while a request is under way. */
const MOST_RECENT = 5_000;

export const emptyMirror: Mirror = {
  runs: new Map(),
  workers: new Map(),
  races: new Set(),
  recent: [],
};

/** `seq.epoch`, as answers and events name it. */
export function positionOf(eventId: string | null): Position | null {
  const match = /^([0-9]+)\.(.+)$/.exec(eventId ?? '');
  return match ? { seq: Number(match[1]), epoch: match[2]! } : null;
}

const isStored = (event: FleetEvent): boolean => event.type !== 'tests.running' && event.type !== 'run.log';

export function afterEvents(mirror: Mirror, events: readonly FleetEvent[]): Mirror {
  const stored = events.filter(isStored);
  const races = withRaces(mirror.races, stored);
  const isRace = (id: string) => races.has(id);
  return {
    races,
    runs: applied(
      mirror.runs,
      stored,
      ({ run_id }) => run_id,
      (run, event) => runAfter(run, event, isRace),
    ),
    workers: applied(mirror.workers, stored, ({ worker_id }) => worker_id, workerAfter),
    recent: [...mirror.recent, ...stored].slice(-MOST_RECENT),
  };
}

/** Takes in what was read, with the events since, unless more is known already. */
export function withRuns(mirror: Mirror, runs: readonly Run[], at: Position | null): Mirror {
  const isRace = (id: string) => mirror.races.has(id);
  const next = new Map(mirror.runs);
  for (const run of runs)
    put(
      next,
      run,
      at,
      mirror.recent,
      ({ run_id }) => run_id,
      (value, event) => runAfter(value, event, isRace),
    );
  return { ...mirror, runs: next };
}

export function withWorkers(mirror: Mirror, workers: readonly Worker[], at: Position | null): Mirror {
  const next = new Map(mirror.workers);
  for (const worker of workers) put(next, worker, at, mirror.recent, ({ worker_id }) => worker_id, workerAfter);
  return { ...mirror, workers: next };
}

/** After a gap in the events: they no longer lead from what was read to now. */
export const afterGap = (mirror: Mirror): Mirror => ({ ...mirror, recent: [] });

type IdOf = (event: FleetEvent) => string | null;
type Change<T> = (value: T, event: FleetEvent) => T;

function applied<T>(
  before: ReadonlyMap<string, Known<T>>,
  events: readonly FleetEvent[],
  idOf: IdOf,
  change: Change<T>,
) {
  let after: Map<string, Known<T>> | null = null;
  for (const event of events) {
    const id = idOf(event);
    const known = id === null ? undefined : (after ?? before).get(id);
    if (id === null || known === undefined || !isLater(event, known.at)) continue;
    const value = change(known.value, event);
    after ??= new Map(before);
    after.set(id, { value, at: { epoch: event.epoch, seq: event.seq } });
  }
  return after ?? before;
}

function put<T extends { id: string }>(
  map: Map<string, Known<T>>,
  value: T,
  at: Position | null,
  recent: readonly FleetEvent[],
  idOf: IdOf,
  change: Change<T>,
): void {
  const known = map.get(value.id);
  if (known?.at && at && known.at.epoch === at.epoch && known.at.seq > at.seq && recent.length > 0) {
    // Events have led further than this answer, if none were missed in between.
    if (recent[0]!.seq <= at.seq + 1) return;
  }
  const since = at === null ? [] : recent.filter((event) => idOf(event) === value.id && isLater(event, at));
  const last = since.at(-1);
  map.set(value.id, {
    value: since.reduce(change, value),
    at: last ? { epoch: last.epoch, seq: last.seq } : at,
  });
}

/** Without a position, events are taken as later: they come after the answer was asked for. */
const isLater = (event: FleetEvent, at: Position | null): boolean =>
  at === null || event.epoch !== at.epoch || event.seq > at.seq;

function withRaces(before: ReadonlySet<string>, events: readonly FleetEvent[]): ReadonlySet<string> {
  const begun = events.filter((event) => event.type === 'task.granted' && event.data.race_of !== null);
  const ended = events.filter((event) => event.type === 'task.split');
  if (begun.length === 0 && ended.length === 0) return before;
  const races = new Set(before);
  for (const { task_id } of begun) if (task_id !== null) races.add(task_id);
  // A racer that goes on alone is an ordinary task.
  for (const { data } of ended) races.delete(data.to_task_id);
  return races;
}
