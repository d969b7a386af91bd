/** REST shapes of workers. Percentages 0–100, sizes in bytes. */
import { z } from 'zod';
import { browserName, capabilities, machineMetrics, tag, tags } from '../work.ts';

export const workerStatus = z.enum(['idle', 'busy', 'offline', 'maintenance']);
export type WorkerStatus = z.infer<typeof workerStatus>;

export const workerIntent = z.enum(['active', 'paused', 'draining', 'maintenance']);
export type WorkerIntent = z.infer<typeof workerIntent>;

const maxParallel = z.int().min(1).max(1000);

/** Also what the worker's machine is called on screen and in logs, so it holds nothing invisible. */
export const hostname = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'must not contain control or invisible characters');

/**
 * What a worker says of itself. An agent sends all of `capabilities` in work.ts; a simple worker may say `browsers` as a list of names and
 * leave out what it does not know. Keys that are not known here are kept under `extra`, for people: nothing is decided by them.
 */
export const capabilitiesInput = z
  .object({
    ...capabilities.partial().shape,
    browsers: z.union([z.array(browserName).max(3), capabilities.shape.browsers]),
    platform: z.union([capabilities.shape.platform, z.enum(['windows', 'macos'])]),
    /** How many tasks at once. */
    max_parallel: maxParallel.optional(),
  })
  .catchall(z.json());
export type CapabilitiesInput = z.infer<typeof capabilitiesInput>;

export const workerCapabilities = capabilities.extend({
  max_parallel: maxParallel,
  extra: z.record(z.string(), z.json()),
});
export type WorkerCapabilities = z.infer<typeof workerCapabilities>;

export const workerRegister = z.strictObject({
  /** Unique; an offline worker of the same name is taken over. */
  hostname,
  capabilities: capabilitiesInput,
  tags: tags.default([]),
  agent_version: z.string().max(100).nullable().default(null),
});

export const workerRegistered = z.object({
  worker_id: z.string(),
  /** Shown only here. Send it as `X-API-Key` or `Authorization: Bearer`. */
  api_key: z.string(),
  message: z.string(),
});

export const heartbeatRequest = z.strictObject({
  metrics: machineMetrics.strict().optional(),
  /** When they have changed. */
  capabilities: capabilitiesInput.optional(),
  /** Of a worker that asks by REST, when it has changed: some coordinators give work from a version on. */
  agent_version: z.string().max(100).optional(),
});

export const heartbeatAnswer = z.object({
  worker_id: z.string(),
  status: workerStatus,
  /** Take new tasks only while it is `active`. */
  intent: workerIntent,
  heartbeat_interval_seconds: z.number(),
  heartbeat_timeout_seconds: z.number(),
  message: z.string(),
});

export const workerPatch = z
  .strictObject({
    intent: workerIntent,
    /** Why, for people; goes with `intent`. */
    reason: z.string().trim().max(500),
    priority: z.int().min(0).max(1000),
    weight: z.number().min(0).max(1),
    max_parallel_tasks: maxParallel,
    /** All that it shall have. What differs from the machine's own tags stays when the machine connects again. */
    tags,
    notes: z.string().max(10_000),
    /** Id of the only team that it works for; null: all. For admins and maintainers of the whole installation. */
    team_id: z.string().min(1).max(100).nullable(),
  })
  .partial();
export type WorkerPatch = z.infer<typeof workerPatch>;

export const workerHeartbeat = machineMetrics.extend({ at: z.string(), tasks_running: z.int() });
export type WorkerHeartbeat = z.infer<typeof workerHeartbeat>;

export const worker = z
  .object({
    id: z.string(),
    hostname: z.string(),
    /** The only team that it works for and is seen by; null: shared by all. */
    team_id: z.string().nullable().default(null),
    ip_address: z.string(),
    status: workerStatus,
    /** What its owner or an admin wants: paused and draining take nothing new. */
    intent: workerIntent,
    intent_reason: z.string().nullable(),
    capabilities: workerCapabilities,
    fingerprint: z.string().nullable(),
    agent_version: z.string().nullable(),
    max_parallel_tasks: z.int(),
    current_tasks: z.array(
      z.object({ id: z.string(), test_run_id: z.string(), kind: z.string(), status: z.string(), attempt: z.int() }),
    ),
    /** What its tasks hold and have set aside for them; CPUs and memory only of those that ask for some. */
    allocated: z.object({ slots: z.int(), cpus: z.number(), memory_bytes: z.int() }),
    priority: z.int(),
    weight: z.number(),
    total_completed: z.int(),
    total_failed: z.int(),
    /** How fast it runs tests, learned from its results: 1 = as the history of durations says, 0.5 = takes twice as long. */
    speed: z.number().positive(),
    /** null before the first finished task. */
    average_task_duration_ms: z.number().nullable(),
    failed_health_checks: z.int(),
    /** Its circuit breaker: open = gets no work after failures that may be its own, half_open = one task at a time. */
    breaker: z.object({
      state: z.enum(['closed', 'open', 'half_open']),
      reason: z.string().nullable(),
      /** When an open one is tried again. */
      next_try_at: z.string().nullable(),
      /** Openings since it was last closed. */
      openings: z.int(),
    }),
    /** false: it gets no work before an admin approves it. */
    approved: z.boolean(),
    /** Names of the projects that its owner lets run; null: all. */
    allow_projects: z.array(z.string()).nullable(),
    /** Whether it may stand in for the coordinator, and when the copy that it keeps for that was last as new as the coordinator; null: never. */
    warm_copy: z
      .object({ permit: z.enum(['no', 'yes', 'secrets']), at: z.string().nullable() })
      .default({ permit: 'no', at: null }),
    /** Those that count: the machine's own, with what people added and without what they took away. */
    tags: z.array(z.string()),
    /** What the machine says of itself. */
    own_tags: z.array(z.string()).default([]),
    notes: z.string(),
    /** Of the newest heartbeat. */
    metrics: machineMetrics.nullable(),
    last_seen_at: z.string(),
    created_at: z.string(),
    key_created_at: z.string(),
  })
  .meta({ id: 'Worker' });
export type Worker = z.infer<typeof worker>;

export const workerFilter = z.strictObject({
  status: workerStatus.optional(),
  tag: tag.optional(),
  /** Part of the host name, the notes or a tag. */
  search: z.string().min(1).max(200).optional(),
});
export type WorkerFilter = z.infer<typeof workerFilter>;
