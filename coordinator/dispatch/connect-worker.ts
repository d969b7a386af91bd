/** A worker's link comes up or goes down: what it says of itself is stored, and its grants are compared with what the coordinator knows. */
import type { AgentMessage, Held } from '../../shared/protocol/link.ts';
import type { CopyPermit } from '../../shared/protocol/offline/warm-copy.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { saveOwnTags } from '../workers/save-tags.ts';
import type { FailureContext } from './failure-context.ts';
import type { Intent, WorkerProfile } from './fleet.ts';
import { loseTasksOf } from './lose-tasks.ts';
import { renewLeases } from './renew-leases.ts';
import type { BreakerState } from './rules/breaker.ts';

export type Hello = Extract<AgentMessage, { type: 'hello' }>;

/**
 * Grants that the agent holds and the coordinator agrees on are renewed; what the coordinator thought it held and it does not (lost on the
 * way, or the agent was restarted) is queued again; what it holds and may not is returned as `stale`.
 */
export async function connectWorker(
  w: WriteHandle,
  workerId: string,
  hello: Hello,
  { leaseMs, failures }: { leaseMs: number; failures: FailureContext },
  now: number,
): Promise<{ stale: Held[]; keyCreatedAt: number } | null> {
  const before = await w.get<{ hostname: string; online: number; capabilities: string; key_created_at: number }>(
    // While there is an old key, that is what the worker has shown: the first use of the new one ends it.
    'SELECT hostname, online, capabilities, coalesce(old_key_created_at, key_created_at) AS key_created_at FROM workers WHERE id = ? AND revoked_at IS NULL',
    [workerId],
  );
  if (!before) return null;
  const lentBefore = (JSON.parse(before.capabilities) as { slots?: number }).slots;
  await w.run(
    `UPDATE workers SET online = 1, last_seen_at = ?, failed_health_checks = 0, capabilities = ?, fingerprint = ?, agent_version = ?, protocol = ?,
       allow_projects = ?, max_parallel_tasks = CASE WHEN ? THEN ? ELSE max_parallel_tasks END WHERE id = ?`,
    [
      now,
      JSON.stringify({ ...hello.capabilities, slots: hello.slots }),
      hello.capabilities.fingerprint,
      hello.agentVersion,
      hello.protocol,
      hello.allowProjects ? JSON.stringify(hello.allowProjects) : null,
      // The owner changed how much the machine lends; otherwise what an admin has set stays.
      lentBefore === hello.slots ? 0 : 1,
      hello.slots,
      workerId,
    ],
  );
  await saveOwnTags(w, workerId, hello.tags);
  const known = await w.all<{ fence: number }>(
    `SELECT fence FROM tasks WHERE worker_id = ? AND state IN ('assigned', 'running') AND fence IN (SELECT value FROM json_each(?))`,
    [workerId, JSON.stringify(hello.held.map((held) => held.fence))],
  );
  const agreed = known.map((row) => row.fence);
  await renewLeases(w, workerId, agreed, leaseMs, now);
  await loseTasksOf(w, workerId, agreed, 'its worker came back without it', failures, now);
  if (before.online === 0) {
    await w.event({ type: 'worker.online', workerId, data: { worker: before.hostname, slots: hello.slots } });
  }
  return { stale: hello.held.filter((held) => !agreed.includes(held.fence)), keyCreatedAt: before.key_created_at };
}

/** The link stayed down longer than the grace: everything it held is queued again. */
export async function disconnectWorker(
  w: WriteHandle,
  workerId: string,
  reason: string,
  failures: FailureContext,
  now: number,
): Promise<void> {
  const row = await w.get<{ hostname: string }>(
    'UPDATE workers SET online = 0 WHERE id = ? AND online = 1 RETURNING hostname',
    [workerId],
  );
  await loseTasksOf(w, workerId, [], reason, failures, now);
  if (row) await w.event({ type: 'worker.offline', workerId, data: { worker: row.hostname, reason } });
}

/** What the dispatcher needs to know of a worker; null where it does not exist or was revoked. */
export async function readProfile(r: ReadHandle, workerId: string): Promise<WorkerProfile | null> {
  const row = await r.get<{
    hostname: string;
    team_id: string | null;
    fingerprint: string | null;
    intent: Intent;
    max_parallel_tasks: number;
    priority: number;
    protocol: number | null;
    approved: number;
    allow_projects: string | null;
    warm_copy: CopyPermit;
    weight: number;
    tags: string;
    capabilities: string;
    total_completed: number;
    total_failed: number;
    total_duration_ms: number;
    speed: number;
    breaker: BreakerState;
    breaker_reason: string | null;
    breaker_until: number | null;
  }>('SELECT * FROM workers WHERE id = ? AND revoked_at IS NULL', [workerId]);
  if (!row) return null;
  const has = JSON.parse(row.capabilities) as Hello['capabilities'] & { slots?: number };
  const ended = row.total_completed + row.total_failed;
  return {
    id: workerId,
    name: row.hostname,
    team: row.team_id,
    fingerprint: row.fingerprint,
    intent: row.intent,
    slots: Math.min(row.max_parallel_tasks, has.slots ?? row.max_parallel_tasks),
    priority: row.priority,
    weight: row.weight,
    tags: JSON.parse(row.tags) as string[],
    protocol: row.protocol,
    approved: row.approved === 1,
    warmCopy: row.warm_copy,
    allowProjects: row.allow_projects === null ? null : (JSON.parse(row.allow_projects) as string[]),
    capabilities: { ...has, browsers: new Set(Object.keys(has.browsers)) },
    successRatio: ended === 0 ? 1 : row.total_completed / ended,
    speed: ended === 0 ? await speedOfKind(r, workerId, has) : row.speed,
    heldBack:
      row.breaker === 'open'
        ? { until: row.breaker_until ?? 0, reason: row.breaker_reason ?? 'it failed too often' }
        : null,
    avgDurationMs: ended === 0 ? 0 : row.total_duration_ms / ended,
  };
}

/** What is expected of a machine that has done nothing yet: the mean of its kind, 1 where none is known. */
async function speedOfKind(
  r: ReadHandle,
  workerId: string,
  { platform, arch, cpus, cpu_model }: Hello['capabilities'],
): Promise<number> {
  const row = await r.get<{ speed: number | null }>(
    `SELECT avg(speed) AS speed FROM workers WHERE id <> ? AND total_completed > 0 AND revoked_at IS NULL
       AND capabilities ->> '$.platform' = ? AND capabilities ->> '$.arch' = ? AND capabilities ->> '$.cpus' = ?
       AND capabilities ->> '$.cpu_model' = ?`,
    [workerId, platform, arch, cpus, cpu_model],
  );
  return row?.speed ?? 1;
}
