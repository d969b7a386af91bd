/** What a worker measured of its machine, and what it was given to do. */
import type { Machines } from '../../shared/protocol/rest/analytics.ts';
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { WorkerTask } from '../../shared/protocol/rest/tasks.ts';
import type { MachineMetrics } from '../../shared/protocol/work.ts';
import { teamParams, type Teams } from '../http/scope.ts';
import type { ReadHandle } from '../storage/database.ts';
import type { Range } from './rules/range.ts';

type Point = Machines['items'][number]['points'][number];

/** Means of equal steps, oldest first; steps without a heartbeat are left out. */
export async function readMachine(
  r: ReadHandle,
  workerId: string,
  { from, to }: Range,
  stepMs: number,
): Promise<Point[]> {
  const rows = await r.all<MachineMetrics & { step: number; tasks_running: number }>(
    `SELECT CAST((at - ?) / ? AS INTEGER) AS step, avg(cpu_percent) AS cpu_percent,
       CAST(avg(memory_used_bytes) AS INTEGER) AS memory_used_bytes, max(memory_total_bytes) AS memory_total_bytes,
       CAST(avg(disk_free_bytes) AS INTEGER) AS disk_free_bytes, max(disk_total_bytes) AS disk_total_bytes, avg(tasks_running) AS tasks_running
     FROM worker_heartbeats WHERE worker_id = ? AND at >= ? AND at < ? GROUP BY step ORDER BY step`,
    [from, stepMs, workerId, from, to],
  );
  return rows.map(({ step, ...point }) => ({ ...point, at: isoTime(from + step * stepMs) }));
}

/** Grants of runs that are seen, newest first, behind the one with the fence `before`. */
export async function listGrants(
  r: ReadHandle,
  workerId: string,
  teams: Teams,
  page: { limit: number; before: number | null },
): Promise<{ fence: number; task: WorkerTask }[]> {
  type Row = Omit<WorkerTask, 'granted_at' | 'started_at' | 'ended_at'> & {
    fence: number;
    granted_at: number;
    started_at: number | null;
    ended_at: number | null;
  };
  const rows = await r.all<Row>(
    `SELECT a.fence, a.task_id, a.attempt, t.kind, t.run_id AS test_run_id, n.number, n.name AS run_name, p.name AS project,
       a.granted_at, a.started_at, a.ended_at, a.ended, a.reason, a.blame, a.step, a.why, a.slots, a.peak_memory_bytes, a.mean_cpu_percent
     FROM task_attempts a JOIN tasks t ON t.id = a.task_id JOIN runs n ON n.id = t.run_id JOIN projects p ON p.id = n.project_id
     WHERE a.worker_id = ? AND a.fence < ? AND (? IS NULL OR p.team_id IN (SELECT value FROM json_each(?)))
     ORDER BY a.granted_at DESC, a.fence DESC LIMIT ?`,
    [workerId, page.before ?? Number.MAX_SAFE_INTEGER, ...teamParams(teams), page.limit],
  );
  return rows.map(({ fence, granted_at, started_at, ended_at, ...row }) => ({
    fence,
    task: {
      ...row,
      granted_at: isoTime(granted_at),
      started_at: isoTimeOrNull(started_at),
      ended_at: isoTimeOrNull(ended_at),
    },
  }));
}
