/** Who was used how much, and when. */
import { startOf } from '../../shared/base/time-zone.ts';
import type { WorkerUse } from '../../shared/protocol/rest/analytics.ts';
import { teamParams, type Teams } from '../http/scope.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { inParts, oneByOne } from '../storage/in-parts.ts';
import { DAY_MS, daysOf, periodOf, type Range } from './rules/range.ts';
import { HourGrid, HourSums, onlineSpans, useOf } from './rules/use.ts';

interface WorkerRow {
  id: string;
  hostname: string;
  max_parallel_tasks: number;
  revoked_at: number | null;
  online: number;
  created_at: number;
}
interface GrantRow {
  fence: number;
  granted_at: number;
  ended_at: number | null;
  ended: string | null;
  slots: number;
}

/** No task is held for longer: its time-out is at most a day. */
const LONGEST_TASK_MS = DAY_MS;

/** Of workers that are seen; tests are those of projects that are seen. `now`: until when what goes on is counted. */
export async function readWorkerUse(
  db: Database,
  teams: Teams,
  range: Range,
  zone: string,
  now: number,
): Promise<WorkerUse> {
  const until = { from: range.from, to: Math.min(range.to, now) };
  const grid = new HourGrid(until, zone, startOf('hour', range.from, zone));
  const rows = await db.read((r) => workersThen(r, teams, until));
  const workers = await oneByOne(rows, async (row) => {
    const busy = new HourSums();
    let [tasks, failed] = [0, 0];
    await inParts<GrantRow>(
      db,
      (r, after, limit) => grantsOf(r, row.id, until, after, limit),
      (grant) => {
        grid.add(busy, { from: grant.granted_at, to: grant.ended_at ?? now, slots: grant.slots });
        if (grant.ended === null || (grant.ended_at ?? 0) < until.from) return;
        tasks++;
        if (['failed', 'timeout', 'lost', 'expired'].includes(grant.ended)) failed++;
      },
    );
    const lent = new HourSums();
    for (const span of await db.read((r) => onlineOf(r, row, until))) {
      grid.add(lent, { ...span, slots: row.max_parallel_tasks });
    }
    const tests = await db.read((r) => testsOf(r, row.id, teams, until));
    return { row, busy, lent, tasks, failed, tests };
  });
  const all = workers.reduce((sum, { busy }) => sum + busy.total, 0);
  return {
    period: periodOf(range),
    time_zone: zone,
    workers: workers.map(({ row, busy, lent, tasks, failed, tests }) => ({
      worker_id: row.id,
      worker: row.hostname,
      removed: row.revoked_at !== null,
      busy_seconds: busy.total / 1000,
      lent_seconds: lent.total / 1000,
      use: useOf(busy.total, lent.total),
      tasks,
      tasks_failed: failed,
      ...tests,
      share: all === 0 ? 0 : busy.total / all,
      heat: lent.hours.map((ms, hour) => useOf(busy.hours[hour] ?? 0, ms)),
    })),
  };
}

/** Those that there were in the period, by name. */
function workersThen(r: ReadHandle, teams: Teams, { from, to }: Range): Promise<WorkerRow[]> {
  return r.all(
    `SELECT id, hostname, max_parallel_tasks, revoked_at, online, created_at FROM workers
     WHERE created_at < ? AND (revoked_at IS NULL OR revoked_at > ?)
       AND (team_id IS NULL OR ? IS NULL OR team_id IN (SELECT value FROM json_each(?))) ORDER BY hostname`,
    [to, from, ...teamParams(teams)],
  );
}

function grantsOf(
  r: ReadHandle,
  workerId: string,
  { from, to }: Range,
  after: GrantRow | null,
  limit: number,
): Promise<GrantRow[]> {
  return r.all(
    `SELECT fence, granted_at, ended_at, ended, slots FROM task_attempts INDEXED BY task_attempts_by_worker
     WHERE worker_id = ? AND (granted_at, fence) > (?, ?) AND granted_at < ? AND (ended_at IS NULL OR ended_at > ?)
     ORDER BY granted_at, fence LIMIT ?`,
    [workerId, after?.granted_at ?? from - LONGEST_TASK_MS, after?.fence ?? 0, to, from, limit],
  );
}

async function onlineOf(r: ReadHandle, worker: WorkerRow, range: Range): Promise<Range[]> {
  const changes = await r.all<{ at: number; type: string }>(
    `SELECT at, type FROM events INDEXED BY events_of_presence
     WHERE worker_id = ? AND type IN ('worker.online', 'worker.offline') AND at >= ? AND at < ? ORDER BY at, seq`,
    [worker.id, range.from, range.to],
  );
  const before = await r.get<{ type: string }>(
    `SELECT type FROM events INDEXED BY events_of_presence
     WHERE worker_id = ? AND type IN ('worker.online', 'worker.offline') AND at < ? ORDER BY at DESC, seq DESC LIMIT 1`,
    [worker.id, range.from],
  );
  return onlineSpans(
    changes.map(({ at, type }) => ({ at, online: type === 'worker.online' })),
    before?.type === 'worker.online',
    { from: range.from, to: Math.min(range.to, worker.revoked_at ?? Infinity) },
  );
}

async function testsOf(r: ReadHandle, workerId: string, teams: Teams, range: Range) {
  const { first, last } = daysOf(range);
  const row = await r.get<{ tests: number; unexpected: number; flaky: number; ms: number }>(
    `SELECT coalesce(sum(tests), 0) AS tests, coalesce(sum(unexpected), 0) AS unexpected, coalesce(sum(flaky), 0) AS flaky,
       coalesce(sum(tests_ms), 0.0) AS ms FROM worker_days
     WHERE worker_id = ? AND day BETWEEN ? AND ?
       AND (? IS NULL OR project_id IN (SELECT id FROM projects WHERE team_id IN (SELECT value FROM json_each(?))))`,
    [workerId, first, last, ...teamParams(teams)],
  );
  return {
    tests: row?.tests ?? 0,
    tests_unexpected: row?.unexpected ?? 0,
    tests_flaky: row?.flaky ?? 0,
    tests_ms: row?.ms ?? 0,
  };
}
