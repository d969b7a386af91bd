/** Reads what the health of the fleet is made of. */
import type { Health } from '../../shared/protocol/rest/analytics.ts';
import { teamParams, type Teams } from '../http/scope.ts';
import type { ReadHandle } from '../storage/database.ts';
import { healthOf, STALE_MS, type HealthFacts, type WorkerFact } from './rules/health.ts';

const HOUR_MS = 3_600_000;

/** Of what these teams see. `own`: what only the process itself knows. */
export async function readHealth(
  r: ReadHandle,
  teams: Teams,
  own: Pick<HealthFacts, 'load' | 'disk'>,
  now: number,
): Promise<Health> {
  return healthOf({
    ...own,
    workers: await workersOf(r, teams),
    runs: await runsOf(r, teams),
    stale: await staleRuns(r, teams, now),
    lastHour: await lastHour(r, teams, now),
    now,
  });
}

async function workersOf(r: ReadHandle, teams: Teams): Promise<WorkerFact[]> {
  const rows = await r.all<{
    id: string;
    hostname: string;
    online: number;
    intent: string;
    last_seen_at: number;
    breaker: WorkerFact['breaker'];
    max_parallel_tasks: number;
    slots_busy: number;
    disk_free: number | null;
  }>(
    `SELECT w.id, w.hostname, w.online, w.intent, w.last_seen_at, w.breaker, w.max_parallel_tasks,
       (SELECT coalesce(sum(a.slots), 0) FROM tasks t JOIN task_attempts a ON a.fence = t.fence
        WHERE t.worker_id = w.id AND t.state IN ('assigned', 'running')) AS slots_busy,
       (SELECT disk_free_bytes * 1.0 / nullif(disk_total_bytes, 0) FROM worker_heartbeats h
        WHERE h.worker_id = w.id ORDER BY at DESC LIMIT 1) AS disk_free
     FROM workers w WHERE w.revoked_at IS NULL AND (w.team_id IS NULL OR ? IS NULL OR w.team_id IN (SELECT value FROM json_each(?)))`,
    teamParams(teams),
  );
  return rows.map((row) => ({
    id: row.id,
    hostname: row.hostname,
    online: row.online === 1,
    active: row.intent === 'active' || row.intent === 'draining',
    lastSeenAt: row.last_seen_at,
    breaker: row.breaker,
    slots: row.max_parallel_tasks,
    slotsBusy: row.slots_busy,
    diskFree: row.disk_free,
  }));
}

const SEEN = `(? IS NULL OR r.project_id IN (SELECT id FROM projects WHERE team_id IN (SELECT value FROM json_each(?))))`;

async function runsOf(r: ReadHandle, teams: Teams): Promise<HealthFacts['runs']> {
  const row = await r.get<{ active: number | null; waiting: number | null }>(
    `SELECT sum(r.state <> 'pending') AS active, sum(r.state = 'pending') AS waiting FROM runs r
     WHERE r.state IN ('pending', 'scheduling', 'running') AND ${SEEN}`,
    teamParams(teams),
  );
  return { active: row?.active ?? 0, waiting: row?.waiting ?? 0 };
}

/** Active runs with tasks that wait and none that is held, and pending ones that nothing keeps back. */
async function staleRuns(r: ReadHandle, teams: Teams, now: number): Promise<HealthFacts['stale']> {
  return r.all(
    `SELECT id, number, since FROM (
       SELECT r.id, r.number, max(coalesce(r.started_at, r.created_at), coalesce(r.scheduled_for, 0), coalesce((
           SELECT max(t.assigned_at) FROM tasks t WHERE t.run_id = r.id), 0), coalesce((
           SELECT max(d.met_at) FROM run_dependencies d WHERE d.run_id = r.id), 0)) AS since
       FROM runs r WHERE r.state IN ('pending', 'scheduling', 'running') AND ${SEEN}
         AND EXISTS (SELECT 1 FROM tasks t WHERE t.run_id = r.id AND t.state = 'pending' AND t.waits = 0)
         AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.run_id = r.id AND t.state IN ('assigned', 'running'))
         AND NOT EXISTS (SELECT 1 FROM run_dependencies d WHERE d.run_id = r.id AND d.met_at IS NULL)
     ) WHERE since < ? ORDER BY since LIMIT 100`,
    [...teamParams(teams), now - STALE_MS],
  );
}

async function lastHour(r: ReadHandle, teams: Teams, now: number): Promise<HealthFacts['lastHour']> {
  const row = await r.get<{ tests: number | null; unexpected: number | null }>(
    `SELECT sum(r.expected + r.unexpected + r.flaky) AS tests, sum(r.unexpected) AS unexpected FROM runs r
     WHERE r.completed_at IS NOT NULL AND r.completed_at >= ? AND ${SEEN}`,
    [now - HOUR_MS, ...teamParams(teams)],
  );
  return { tests: row?.tests ?? 0, unexpected: row?.unexpected ?? 0 };
}
