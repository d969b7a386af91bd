/**
 * Events: what happened, in order. Stored events are written with the change they tell of and can be read again for ever; live events
 * (`tests.running`, `run.log`) only reach those who listen at that moment.
 *
 * `GET /api/v1/events/stream` (text/event-stream): one message per event, its `data` the event as JSON, without an `event:` line. Stored
 * events carry `id: <eventId>`, live ones none, so that a browser resumes at the last stored one. A comment comes at once and every 15 s.
 * - `run_id=…`: only events of that run, from its creation on, and `worker.*` events of that time.
 * - Begins behind the id in the header Last-Event-ID, else behind the one in `after=` (`0` = from the beginning), else now. An id of
 *   another epoch counts as `0`: the database is another one.
 */
import { z } from 'zod';
import { testOutcome } from './playwright.ts';
import { runState } from './rest/runs.ts';
import { groupState } from './work.ts';

const id = z.string().min(1).max(100);
const reason = z.string().nullable();

/** What every event has. Ids that do not apply are null. */
const envelope = z.object({
  /** Rises with each stored event. A live event has that of the last one stored before it. */
  seq: z.int().min(0),
  /** Random id of the database; `epoch` and `seq` together name a stored event for ever. */
  epoch: z.string().min(1).max(100),
  /** Milliseconds since the epoch, by the coordinator's clock. */
  at: z.int(),
  run_id: id.nullable(),
  worker_id: id.nullable(),
  task_id: id.nullable(),
});

const ofRun = envelope.extend({ run_id: id });
const ofTask = envelope.extend({ run_id: id, worker_id: id, task_id: id });
const ofWorker = envelope.extend({ worker_id: id });

/** One grant of a task; a later grant has a larger fence. */
const grant = { attempt: z.int().min(1), fence: z.int().min(1) };
/** Host name. */
const worker = { worker: z.string() };

/** A test that got its one counted outcome. */
export const settledTestEvent = z.object({
  test_id: z.string(),
  /** Describe titles and the test's own, joined by ` › `. */
  title: z.string(),
  project: z.string(),
  file: z.string(),
  line: z.int(),
  outcome: testOutcome,
  /** What was counted for it until now: a supporting test runs in several processes, and its failure replaces a success. */
  replaces: testOutcome.nullable().default(null),
  /** Counted attempts; 0 = it never ran, and `error` says why. */
  attempts: z.int().min(0),
  /** Sum over the counted attempts. */
  duration_ms: z.number().min(0),
  /** Of the last counted attempt that had an error, also where the test passed then; at most 2,000 characters, may hold ANSI colours. */
  error: z.string().nullable().default(null),
});
export type SettledTestEvent = z.infer<typeof settledTestEvent>;

export const runningTest = z.object({ test_id: z.string(), title: z.string(), retry: z.int().min(0) });
export type RunningTest = z.infer<typeof runningTest>;

export const fleetEvent = z.discriminatedUnion('type', [
  ofRun.extend({
    type: z.literal('run.created'),
    data: z.object({
      number: z.int(),
      name: z.string(),
      kind: z.enum(['queue', 'shards']),
      total_shards: z.int(),
      created_by: z.string(),
    }),
  }),
  ofRun.extend({
    type: z.literal('run.state'),
    data: z.object({ from: runState, to: runState, reason, outcome: z.enum(['passed', 'failed']).nullable() }),
  }),
  /** A promoted coordinator brought it home: it is whole, and was over long ago. Its own events are stored with their times, and not told of anew. */
  ofRun.extend({
    type: z.literal('run.merged'),
    data: z.object({
      /** Its number, as people see it. */
      label: z.string(),
      name: z.string(),
      state: runState,
      outcome: z.enum(['passed', 'failed']).nullable(),
      /** Name of the promoted coordinator. */
      origin: z.string(),
    }),
  }),
  /** Another reason for the same state: nobody can serve the run and what to do about it; null when somebody can again. */
  ofRun.extend({ type: z.literal('run.reason'), data: z.object({ reason }) }),
  /** A task group begins, has ended or is not run. `tasks`: how many were cancelled with it. */
  ofRun.extend({
    type: z.literal('run.group'),
    data: z.object({ name: z.string(), state: groupState, reason, tasks: z.int().min(0) }),
  }),
  /** Workers could serve it, but nothing more of it may begin now, and why; null when it may again. */
  ofRun.extend({ type: z.literal('run.waiting'), data: z.object({ reason }) }),
  /** Whether it will be done by its deadline, as far as can be told; `predicted_end` in milliseconds since the epoch. */
  ofRun.extend({
    type: z.literal('run.deadline'),
    data: z.object({
      state: z.enum(['on_time', 'at_risk', 'late']),
      predicted_end: z.int().nullable(),
      boost: z.int(),
    }),
  }),
  /** All that is known by now; comes again when shards report what they hold. */
  ofRun.extend({
    type: z.literal('run.planned'),
    data: z.object({ tests_total: z.int().min(0), tasks_total: z.int().min(0) }),
  }),
  ofTask.extend({
    type: z.literal('task.granted'),
    data: z.object({
      ...grant,
      ...worker,
      kind: z.enum(['discover', 'shard', 'units']),
      /** How many of the worker's slots it takes. */
      slots: z.int().min(1),
      shard_index: z.int().nullable().default(null),
      /** How many tests are ordered; 0 where that is not known yet. */
      tests: z.int().min(0).default(0),
      /** Browsers that its tests use, joined by commas. */
      needs: z.string().default(''),
      /** The task that it races; races are not among the run's tasks_total. */
      race_of: id.nullable().default(null),
      /** What is set aside for each of its slots; 0 = nothing. */
      cpus: z.number().min(0).default(0),
      memory_bytes: z.int().min(0).default(0),
    }),
  }),
  /** Some of its tests became another task: a slot was idle, or what crashed is kept apart from the rest. */
  ofTask.extend({
    type: z.literal('task.split'),
    data: z.object({ ...grant, to_task_id: id, tests: z.int().min(1), expected_ms: z.number().min(0) }),
  }),
  /** What is left of it was started again on an idle machine; the first final result of each test counts. */
  ofTask.extend({
    type: z.literal('task.raced'),
    data: z.object({ ...grant, to_task_id: id, to_worker: z.string(), tests: z.int().min(1) }),
  }),
  ofTask.extend({ type: z.literal('task.started'), data: z.object(grant) }),
  ofTask.extend({
    type: z.literal('task.finished'),
    data: z.object({
      ...grant,
      state: z.enum(['completed', 'failed', 'timeout']),
      reason,
      /** How its last grant ended; cancelled = it was told to stop, a racer was first. */
      ended: z.string().nullable().default(null),
    }),
  }),
  /** The worker no longer holds it, and what is unfinished of it waits for another one. */
  ofTask.extend({ type: z.literal('task.requeued'), data: z.object({ ...grant, ended: z.string(), reason }) }),
  /** A task that failed goes on: who tries it next and why, or (person) nobody, and what to do about it. */
  ofTask.extend({
    type: z.literal('task.escalated'),
    data: z.object({ ...grant, step: z.enum(['retry', 'other_worker', 'other_kind', 'person']), why: z.string() }),
  }),
  /** A test was running in too many losses and crashes: it is settled as unexpected and runs no more in this run. */
  ofTask.extend({
    type: z.literal('test.quarantined'),
    data: z.object({
      test_id: z.string(),
      title: z.string(),
      incidents: z.array(z.object({ worker: z.string(), at: z.int(), how: z.string(), reason: z.string().nullable() })),
      /** For people. */
      todo: z.string(),
    }),
  }),
  ofTask.extend({ type: z.literal('task.cancelled'), data: z.object({ ...grant, reason }) }),
  /** Without task and worker where the coordinator itself settles what never ran. */
  ofRun.extend({ type: z.literal('results'), data: z.object({ settled: z.array(settledTestEvent) }) }),
  /** An error outside any test: config, globalSetup, webServer. */
  ofTask.extend({ type: z.literal('run.error'), data: z.object({ message: z.string() }) }),
  ofRun.extend({
    type: z.literal('report.state'),
    data: z.object({ state: z.enum(['none', 'merging', 'ready', 'failed']), message: z.string().nullable() }),
  }),
  ofWorker.extend({ type: z.literal('worker.enrolled'), data: z.object({ ...worker, slots: z.int().min(1) }) }),
  ofWorker.extend({ type: z.literal('worker.online'), data: z.object({ ...worker, slots: z.int().min(1) }) }),
  ofWorker.extend({ type: z.literal('worker.offline'), data: z.object({ ...worker, reason }) }),
  ofWorker.extend({
    type: z.literal('worker.intent'),
    data: z.object({ ...worker, intent: z.enum(['active', 'paused', 'draining', 'maintenance']), reason }),
  }),
  /** What people set on it, or what it says of itself, is another; the new values are read from the API. */
  ofWorker.extend({
    type: z.literal('worker.changed'),
    data: z.object({ ...worker, fields: z.array(z.string()) }),
  }),
  /** Its circuit breaker: open = gets no work until `until` (milliseconds since the epoch), half_open = one task at a time. */
  ofWorker.extend({
    type: z.literal('worker.breaker'),
    data: z.object({
      ...worker,
      state: z.enum(['closed', 'open', 'half_open']),
      reason,
      until: z.int().nullable(),
    }),
  }),
  ofWorker.extend({ type: z.literal('worker.removed'), data: z.object({ ...worker, reason }) }),
  envelope.extend({
    type: z.literal('settings.changed'),
    data: z.object({ keys: z.array(z.string()), by: z.string() }),
  }),
  /** The coordinator keeps up with what it is sent (normal), or leaves out what matters least. `left_out`: since its start. */
  envelope.extend({
    type: z.literal('coordinator.load'),
    data: z.object({
      from: z.enum(['normal', 'busy', 'overloaded']),
      to: z.enum(['normal', 'busy', 'overloaded']),
      reasons: z.array(z.string()),
      left_out: z.record(z.string(), z.int().min(0)),
    }),
  }),
  envelope.extend({
    type: z.literal('backup.done'),
    data: z.object({ backup: z.string(), by: z.string(), bytes: z.int().min(0) }),
  }),
  /** The data is as safe as it was before; the next one is tried by itself where there is a schedule. */
  envelope.extend({ type: z.literal('backup.failed'), data: z.object({ by: z.string(), detail: z.string() }) }),
  /** This is what a backup held; what came after it is not known here. */
  envelope.extend({
    type: z.literal('coordinator.restored'),
    data: z.object({ backup: z.string(), taken_at: z.string(), tasks: z.int().min(0) }),
  }),
  /** Caps, weights or rules are others. */
  envelope.extend({
    type: z.literal('scheduling.changed'),
    data: z.object({ kind: z.enum(['cap', 'weight', 'rule']), by: z.string() }),
  }),
  /** Live. All tests of the task that have begun and not ended. */
  ofTask.extend({
    type: z.literal('tests.running'),
    data: z.object({ attempt: z.int().min(1), running: z.array(runningTest) }),
  }),
  /** Live. What a task printed; `agent` is our own program on the worker. */
  ofTask.extend({
    type: z.literal('run.log'),
    data: z.object({ stream: z.enum(['stdout', 'stderr', 'agent']), text: z.string() }),
  }),
]);
export type FleetEvent = z.infer<typeof fleetEvent>;
export type EventType = FleetEvent['type'];
export type EventData<T extends EventType> = Extract<FleetEvent, { type: T }>['data'];

const LIVE: ReadonlySet<EventType> = new Set<EventType>(['tests.running', 'run.log']);
export const isLive = (type: EventType): boolean => LIVE.has(type);

const KNOWN: ReadonlySet<string> = new Set(fleetEvent.options.map((option) => option.shape.type.value));

/** Reads one event. null for a type that this version does not know; throws ZodError where a known one has another shape. */
export function parseEvent(raw: unknown): FleetEvent | null {
  const type = typeof raw === 'object' && raw !== null && 'type' in raw ? raw.type : undefined;
  if (typeof type === 'string' && !KNOWN.has(type)) return null;
  return fleetEvent.parse(raw);
}

/** The text that names a stored event on the wire, in `id:`, Last-Event-ID and `after=`. */
export const eventId = (epoch: string, seq: number): string => `${seq}.${epoch}`;

/** null where `text` is not an event id. `0` alone is the beginning of any epoch. */
export function parseEventId(text: string): { epoch: string | null; seq: number } | null {
  if (text === '0') return { epoch: null, seq: 0 };
  const match = /^(0|[1-9][0-9]{0,15})\.(.{1,100})$/.exec(text);
  return match ? { seq: Number(match[1]), epoch: match[2]! } : null;
}
