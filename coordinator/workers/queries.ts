/** Reads workers, and what they hold. Removed ones are not shown. */
import { sql, type SqlBool } from 'kysely';
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type {
  Worker,
  WorkerFilter,
  WorkerHeartbeat,
  WorkerIntent,
  WorkerStatus,
} from '../../shared/protocol/rest/workers.ts';
import type { MachineMetrics } from '../../shared/protocol/work.ts';
import { requireActs, teamParams, type Scope, type Teams } from '../http/scope.ts';
import type { ReadHandle } from '../storage/database.ts';
import { statusOf } from './rules.ts';
import { readCapabilities } from './stored-capabilities.ts';

/** By host name, behind the name `after`. */
export async function listWorkers(
  r: ReadHandle,
  teams: Teams,
  filter: WorkerFilter,
  page: { limit: number; after: string | null },
): Promise<Worker[]> {
  let query = select(r, teams).orderBy('hostname').limit(page.limit);
  if (page.after !== null) query = query.where('hostname', '>', page.after);
  if (filter.status !== undefined) query = query.where(hasStatus[filter.status]);
  if (filter.tag !== undefined) {
    query = query.where(sql<SqlBool>`EXISTS (SELECT 1 FROM json_each(workers.tags) WHERE value = ${filter.tag})`);
  }
  if (filter.search !== undefined) {
    const text = filter.search.toLowerCase();
    query = query.where(sql<SqlBool>`instr(lower(hostname || char(10) || notes || char(10) || tags), ${text}) > 0`);
  }
  return (await query.execute()).map(toWorker);
}

export async function getWorker(r: ReadHandle, teams: Teams, id: string): Promise<Worker | null> {
  const row = await select(r, teams).where('workers.id', '=', id).executeTakeFirst();
  return row ? toWorker(row) : null;
}

/** Whether the caller sees a worker; throws a 403 for one that they see, but may not do this to. Shared ones are seen by all teams. */
export async function reachWorker(r: ReadHandle, scope: Scope, id: string): Promise<boolean> {
  const row = await r.get<{ team_id: string | null }>(
    `SELECT team_id FROM workers WHERE id = ? AND revoked_at IS NULL
       AND (team_id IS NULL OR ? IS NULL OR team_id IN (SELECT value FROM json_each(?)))`,
    [id, ...teamParams(scope.reads)],
  );
  if (row) requireActs(scope, row.team_id);
  return row !== undefined;
}

/** Newest first, behind the row id `before`. */
export async function listHeartbeats(
  r: ReadHandle,
  workerId: string,
  page: { limit: number; before: number | null },
): Promise<{ id: number; heartbeat: WorkerHeartbeat }[]> {
  let query = r.query.selectFrom('worker_heartbeats').selectAll().where('worker_id', '=', workerId);
  if (page.before !== null) query = query.where('id', '<', page.before);
  const rows = await query.orderBy('at', 'desc').orderBy('id', 'desc').limit(page.limit).execute();
  return rows.map(({ id, worker_id: _, at, ...rest }) => ({ id, heartbeat: { ...rest, at: isoTime(at) } }));
}

/** How many tasks a worker holds. */
export async function countHeld(r: ReadHandle, workerId: string): Promise<number> {
  const row = await r.get<{ n: number }>(
    `SELECT count(*) AS n FROM tasks WHERE worker_id = ? AND state IN ('assigned', 'running')`,
    [workerId],
  );
  return row?.n ?? 0;
}

export async function standingOf(
  r: ReadHandle,
  workerId: string,
): Promise<{ status: WorkerStatus; intent: WorkerIntent } | null> {
  const row = await r.get<{ intent: WorkerIntent; online: number }>(
    'SELECT intent, online FROM workers WHERE id = ? AND revoked_at IS NULL',
    [workerId],
  );
  if (!row) return null;
  const holds = (await countHeld(r, workerId)) > 0;
  return { status: statusOf({ intent: row.intent, online: row.online === 1, holds }), intent: row.intent };
}

const holding = sql<SqlBool>`EXISTS (SELECT 1 FROM tasks WHERE tasks.worker_id = workers.id AND tasks.state IN ('assigned', 'running'))`;

/** The rule statusOf, for the database. */
const hasStatus: Record<WorkerStatus, ReturnType<typeof sql<SqlBool>>> = {
  maintenance: sql`intent = 'maintenance'`,
  offline: sql`intent <> 'maintenance' AND online = 0`,
  busy: sql`intent <> 'maintenance' AND online = 1 AND ${holding}`,
  idle: sql`intent <> 'maintenance' AND online = 1 AND NOT ${holding}`,
};

/** Those that are shared or of these teams, with what they hold of these. */
function select(r: ReadHandle, teams: Teams) {
  const [all, only] = teamParams(teams);
  return r.query
    .selectFrom('workers')
    .selectAll('workers')
    .select([
      sql<string>`(SELECT json_group_array(json_object('id', id, 'test_run_id', run_id, 'kind', kind, 'status', state, 'attempt', attempt))
        FROM tasks WHERE tasks.worker_id = workers.id AND tasks.state IN ('assigned', 'running') AND (${all} IS NULL OR tasks.run_id IN (
          SELECT r.id FROM runs r JOIN projects p ON p.id = r.project_id WHERE p.team_id IN (SELECT value FROM json_each(${only})))))`.as(
        'held',
      ),
      holding.as('holds'),
      sql<string>`(SELECT json_object('slots', coalesce(sum(a.slots), 0), 'cpus', coalesce(sum(a.cpus), 0),
          'memory_bytes', coalesce(sum(a.memory_bytes), 0))
        FROM tasks t JOIN task_attempts a ON a.fence = t.fence
        WHERE t.worker_id = workers.id AND t.state IN ('assigned', 'running'))`.as('allocated'),
      sql<string | null>`(SELECT json_object('cpu_percent', cpu_percent, 'memory_used_bytes', memory_used_bytes,
          'memory_total_bytes', memory_total_bytes, 'disk_free_bytes', disk_free_bytes, 'disk_total_bytes', disk_total_bytes)
        FROM worker_heartbeats WHERE worker_id = workers.id ORDER BY at DESC LIMIT 1)`.as('metrics'),
    ])
    .where('revoked_at', 'is', null)
    .where(
      sql<SqlBool>`(workers.team_id IS NULL OR ${all} IS NULL OR workers.team_id IN (SELECT value FROM json_each(${only})))`,
    );
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

function toWorker(row: Row): Worker {
  const current = JSON.parse(row.held) as Worker['current_tasks'];
  const ended = row.total_completed + row.total_failed;
  return {
    id: row.id,
    hostname: row.hostname,
    team_id: row.team_id,
    ip_address: row.ip_address,
    status: statusOf({ intent: row.intent, online: row.online === 1, holds: Boolean(row.holds) }),
    intent: row.intent,
    intent_reason: row.intent_reason,
    capabilities: readCapabilities(row.capabilities),
    fingerprint: row.fingerprint,
    agent_version: row.agent_version,
    max_parallel_tasks: row.max_parallel_tasks,
    current_tasks: current,
    allocated: JSON.parse(row.allocated) as Worker['allocated'],
    priority: row.priority,
    weight: row.weight,
    total_completed: row.total_completed,
    total_failed: row.total_failed,
    speed: row.speed,
    average_task_duration_ms: ended === 0 ? null : row.total_duration_ms / ended,
    failed_health_checks: row.failed_health_checks,
    breaker: {
      state: row.breaker,
      reason: row.breaker_reason,
      next_try_at: row.breaker_until === null ? null : isoTime(row.breaker_until),
      openings: row.breaker_openings,
    },
    approved: row.approved === 1,
    allow_projects: row.allow_projects === null ? null : (JSON.parse(row.allow_projects) as string[]),
    warm_copy: { permit: row.warm_copy, at: isoTimeOrNull(row.warm_copy_at) },
    tags: JSON.parse(row.tags) as string[],
    own_tags: JSON.parse(row.own_tags) as string[],
    notes: row.notes,
    metrics: row.metrics === null ? null : (JSON.parse(row.metrics) as MachineMetrics),
    last_seen_at: isoTime(row.last_seen_at),
    created_at: isoTime(row.created_at),
    key_created_at: isoTime(row.key_created_at),
  };
}
