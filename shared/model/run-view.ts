/**
 * A run as somebody sees it who follows its events: what the terminal and the dashboard draw. Plain JSON, so that a view can be handed on
 * as a snapshot and continued elsewhere with later events. It grows with failures, not with tests: of tests that passed only their number
 * is kept, and lists of all tests are read from the API.
 */
import type { FleetEvent, RunningTest, SettledTestEvent } from '../protocol/events.ts';
import type { TestOutcome } from '../protocol/playwright.ts';
import type { Run, RunState } from '../protocol/rest/runs.ts';

export interface RunView {
  run_id: string;
  /** Names the last stored event in this view; null before the first. */
  epoch: string | null;
  seq: number;
  /** What `run.created` said; null before it. */
  run: { number: number; name: string; kind: 'queue' | 'shards'; total_shards: number } | null;
  state: RunState;
  reason: string | null;
  outcome: 'passed' | 'failed' | null;
  /** Milliseconds since the epoch, by the coordinator's clock. */
  created_at: number | null;
  started_at: number | null;
  completed_at: number | null;
  /** Time of the last event of any kind. */
  updated_at: number | null;
  tests_total: number;
  tasks_total: number;
  tasks_finished: number;
  counts: Record<TestOutcome, number>;
  /** In the order in which they came. */
  unexpected: readonly SettledTestEvent[];
  flaky: readonly SettledTestEvent[];
  /** The longest, longest first; skipped tests are not among them. */
  slowest: readonly SettledTestEvent[];
  /** Errors outside any test, each message once. */
  errors: readonly { worker_id: string; message: string }[];
  /** Tasks that a worker holds now, by id. */
  held: Readonly<Record<string, HeldTask>>;
  /** Workers that held a task of the run, or were heard of since it began, by id. */
  workers: Readonly<Record<string, WorkerOfRun>>;
  report: Run['report'];
}

export interface HeldTask {
  worker_id: string;
  attempt: number;
  slots: number;
  kind: 'discover' | 'shard' | 'units';
  shard_index: number | null;
  /** It runs what another one runs as well, and is not among the run's tasks. */
  is_race: boolean;
  state: 'assigned' | 'running';
  granted_at: number;
  /** Ordered tests, 0 = not known, and how many of them are settled. */
  tests: number;
  settled: number;
  /** `since`: when it was first heard of, milliseconds since the epoch. */
  running: readonly (RunningTest & { since: number })[];
}

export interface WorkerOfRun {
  name: string;
  online: boolean;
  intent: 'active' | 'paused' | 'draining' | 'maintenance';
  /** null where no event told. */
  slots: number | null;
  /** Whether it has held a task of this run. */
  took_part: boolean;
  /** Tests of this run that it settled. */
  settled: number;
}

export const SLOWEST = 5;

export function emptyView(runId: string): RunView {
  return {
    run_id: runId,
    epoch: null,
    seq: 0,
    run: null,
    state: 'pending',
    reason: null,
    outcome: null,
    created_at: null,
    started_at: null,
    completed_at: null,
    updated_at: null,
    tests_total: 0,
    tasks_total: 0,
    tasks_finished: 0,
    counts: { expected: 0, unexpected: 0, flaky: 0, skipped: 0 },
    unexpected: [],
    flaky: [],
    slowest: [],
    errors: [],
    held: {},
    workers: {},
    report: { state: 'none', message: null },
  };
}

/**
 * The view after `event`. Events of other runs and events that the view holds already change nothing, so a stream may be resumed anywhere
 * at or before the view's end. An event of another epoch begins anew: the coordinator has another database.
 */
export function reduceRun(view: RunView, event: FleetEvent): RunView {
  if (event.run_id !== null && event.run_id !== view.run_id) return view;
  if (view.epoch !== null && event.epoch !== view.epoch) return reduceRun(emptyView(view.run_id), event);
  const live = event.type === 'tests.running' || event.type === 'run.log';
  if (live ? event.seq < view.seq : event.seq <= view.seq) return view;
  const seen = { ...view, epoch: event.epoch, seq: event.seq, updated_at: event.at };
  return { ...seen, ...changes(view, event) };
}

function changes(view: RunView, event: FleetEvent): Partial<RunView> {
  switch (event.type) {
    case 'run.merged':
      return {};
    case 'run.created': {
      const { number, name, kind, total_shards } = event.data;
      return { run: { number, name, kind, total_shards }, created_at: event.at };
    }
    case 'run.state': {
      const { to, reason, outcome } = event.data;
      const final = isFinal(to);
      return {
        state: to,
        reason,
        outcome,
        started_at: view.started_at ?? (to === 'pending' || final ? null : event.at),
        completed_at: final ? event.at : null,
        ...(final ? { held: {} } : {}),
      };
    }
    case 'run.reason':
    case 'run.waiting':
      return { reason: event.data.reason };
    case 'run.planned':
      return { tests_total: event.data.tests_total, tasks_total: event.data.tasks_total };
    case 'task.granted':
      return granted(view, event);
    case 'task.split':
      return {
        tasks_total: view.tasks_total + 1,
        // A racer that goes on alone is an ordinary task.
        held: mapValue(view.held, event.data.to_task_id, (task) => ({ ...task, is_race: false })),
      };
    case 'task.started':
      return heldBy(view, event, (task) => ({ ...task, state: 'running' }));
    case 'task.finished':
      return {
        ...letGo(view, event),
        tasks_finished: view.tasks_finished + (view.held[event.task_id]?.is_race ? 0 : 1),
      };
    case 'task.requeued':
    case 'task.cancelled':
      return letGo(view, event);
    case 'results':
      return settled(view, event);
    case 'run.error':
      return view.errors.some((error) => error.message === event.data.message)
        ? {}
        : { errors: [...view.errors, { worker_id: event.worker_id, message: event.data.message }] };
    case 'report.state':
      return { report: { state: event.data.state, message: event.data.message } };
    case 'worker.enrolled':
      return { workers: worker(view, event, { slots: event.data.slots }) };
    case 'worker.online':
      return { workers: worker(view, event, { slots: event.data.slots, online: true }) };
    case 'worker.offline':
    case 'worker.removed':
      return { workers: worker(view, event, { online: false }) };
    case 'worker.intent':
      return { workers: worker(view, event, { intent: event.data.intent }) };
    case 'tests.running':
      return heldBy(view, event, (task) => ({ ...task, running: begun(task, event.data.running, event.at) }));
    case 'run.group':
      return { tasks_finished: view.tasks_finished + event.data.tasks };
    case 'task.raced':
    case 'task.escalated':
    case 'test.quarantined':
    case 'worker.breaker':
    case 'worker.changed':
    case 'settings.changed':
    case 'coordinator.load':
    case 'scheduling.changed':
    case 'backup.done':
    case 'backup.failed':
    case 'coordinator.restored':
    case 'run.deadline':
    case 'run.log':
      return {};
  }
}

export const isFinal = (state: RunState): boolean =>
  state === 'completed' || state === 'failed' || state === 'cancelled';

type TaskEvent = Extract<FleetEvent, { task_id: string; data: { attempt: number } }>;

function granted(view: RunView, event: Extract<FleetEvent, { type: 'task.granted' }>): Partial<RunView> {
  const { attempt, slots, kind, shard_index, tests, race_of } = event.data;
  const task: HeldTask = {
    worker_id: event.worker_id,
    attempt,
    slots,
    kind,
    shard_index,
    is_race: race_of !== null,
    state: 'assigned',
    granted_at: event.at,
    tests,
    settled: 0,
    running: [],
  };
  return {
    held: { ...view.held, [event.task_id]: task },
    workers: worker(view, event, { online: true, took_part: true }),
  };
}

/** Nothing changes unless the task is held in just this attempt: a live event may come late. */
function heldBy(view: RunView, event: TaskEvent, change: (task: HeldTask) => HeldTask): Partial<RunView> {
  const task = view.held[event.task_id];
  if (task?.attempt !== event.data.attempt) return {};
  return { held: { ...view.held, [event.task_id]: change(task) } };
}

function letGo(view: RunView, event: TaskEvent): Partial<RunView> {
  if (view.held[event.task_id]?.attempt !== event.data.attempt) return {};
  const { [event.task_id]: _gone, ...held } = view.held;
  return { held };
}

function begun(task: HeldTask, running: readonly RunningTest[], at: number): HeldTask['running'] {
  return running.map((test) => {
    const before = task.running.find((one) => one.test_id === test.test_id && one.retry === test.retry);
    return { ...test, since: before?.since ?? at };
  });
}

function settled(view: RunView, event: Extract<FleetEvent, { type: 'results' }>): Partial<RunView> {
  const tests = event.data.settled;
  const counts = { ...view.counts };
  for (const test of tests) {
    if (test.replaces !== null) counts[test.replaces] -= 1;
    counts[test.outcome] += 1;
  }
  const ids = new Set(tests.map((test) => test.test_id));
  return {
    counts,
    unexpected: [...view.unexpected, ...tests.filter((test) => test.outcome === 'unexpected')],
    flaky: [...without(view.flaky, tests), ...tests.filter((test) => test.outcome === 'flaky')],
    slowest: slowest([...without(view.slowest, tests), ...tests]),
    workers: mapValue(view.workers, event.worker_id, (worker) => ({
      ...worker,
      settled: worker.settled + tests.length,
    })),
    held: mapValue(view.held, event.task_id, (task) => ({
      ...task,
      settled: task.settled + tests.length,
      running: task.running.filter((test) => !ids.has(test.test_id)),
    })),
  };
}

function without(list: readonly SettledTestEvent[], tests: readonly SettledTestEvent[]): readonly SettledTestEvent[] {
  const replaced = new Set(tests.filter((test) => test.replaces !== null).map((test) => test.test_id));
  return replaced.size === 0 ? list : list.filter((test) => !replaced.has(test.test_id));
}

function slowest(tests: readonly SettledTestEvent[]): SettledTestEvent[] {
  return tests
    .filter((test) => test.outcome !== 'skipped')
    .sort((a, b) => b.duration_ms - a.duration_ms)
    .slice(0, SLOWEST);
}

function mapValue<T>(record: Readonly<Record<string, T>>, key: string | null, change: (value: T) => T) {
  const value = key === null ? undefined : record[key];
  return key === null || value === undefined ? record : { ...record, [key]: change(value) };
}

function worker(
  view: RunView,
  event: FleetEvent & { worker_id: string; data: { worker: string } },
  change: Partial<WorkerOfRun>,
): RunView['workers'] {
  const before = view.workers[event.worker_id];
  const known: WorkerOfRun = before ?? {
    name: event.data.worker,
    online: true,
    intent: 'active',
    slots: null,
    took_part: false,
    settled: 0,
  };
  return { ...view.workers, [event.worker_id]: { ...known, name: event.data.worker, ...change } };
}
