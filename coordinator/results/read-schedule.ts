/** Reads how a run went on its slots, and explains it (schedule/explain.ts). */
import type { Explanation } from '../../shared/protocol/rest/explain.ts';
import type { RunState } from '../../shared/protocol/rest/runs.ts';
import { isFinal } from '../runs/rules/run-state.ts';
import { startCost } from '../runs/start-cost.ts';
import type { ReadHandle } from '../storage/database.ts';
import { explain, type GrantSpan, type UnitFacts, type WorkerFacts } from './schedule/explain.ts';
import type { Interval } from './schedule/lanes.ts';

interface RunRow {
  id: string;
  number: number;
  name: string;
  kind: 'queue' | 'shards';
  state: RunState;
  project_id: string;
  created_at: number;
}

/** `runId` must exist. `now`: until when a run that goes on is looked at. */
export async function explainRun(r: ReadHandle, runId: string, now: number): Promise<Explanation> {
  const run = await r.get<RunRow>(
    'SELECT id, number, name, kind, state, project_id, created_at FROM runs WHERE id = ?',
    [runId],
  );
  if (!run) throw new Error(`no run ${runId}`);
  const final = isFinal(run.state);
  const own = await ownGrants(r, run.id, now);
  const from = Math.min(...own.map((grant) => grant.from));
  const span = own.length === 0 ? { from: now, to: now } : { from, to: Math.max(...own.map((grant) => grant.to)) };
  const figures = explain({
    final,
    span,
    workers: await workersOf(r, run.id, own, span, now),
    units: run.kind === 'queue' ? await unitsOf(r, run.id) : await testsAsUnits(r, run.id),
    supportingMs: await supportingTime(r, run.id),
    startMs: await startCost(r, run.project_id),
  });
  const since = (at: number) => Math.max(0, at - span.from);
  return {
    test_run_id: run.id,
    number: run.number,
    name: run.name,
    kind: run.kind,
    status: run.state,
    final,
    before_ms: Math.max(0, span.from - run.created_at),
    ...figures,
    steals: (await stealsOf(r, run.id)).map(({ at, ...steal }) => ({ at_ms: since(at), ...steal })),
    races: (await racesOf(r, run.id)).map(({ at, won, ...race }) => ({
      at_ms: since(at),
      ...race,
      won: won === null ? null : won === 1,
    })),
    requeues: (await requeuesOf(r, run.id)).map(({ at, ...requeue }) => ({ at_ms: since(at), ...requeue })),
  };
}

interface OwnGrant extends GrantSpan {
  workerId: string;
}

/** Slots that a grant takes are told by its event alone: all of a machine where a webServer has fixed ports, else one. */
async function ownGrants(r: ReadHandle, runId: string, now: number): Promise<OwnGrant[]> {
  const rows = await r.all<{
    worker_id: string;
    granted_at: number;
    ended_at: number | null;
    wall_ms: number | null;
    slots: number | null;
    counted_ms: number;
    repeated_ms: number;
    tests: number;
  }>(
    `SELECT a.worker_id, a.granted_at, a.ended_at, a.wall_ms, s.slots, coalesce(x.counted_ms, 0) AS counted_ms,
       coalesce(x.repeated_ms, 0) AS repeated_ms, coalesce(x.tests, 0) AS tests
     FROM tasks t JOIN task_attempts a ON a.task_id = t.id
       LEFT JOIN (SELECT data ->> '$.fence' AS fence, data ->> '$.slots' AS slots FROM events WHERE run_id = ? AND type = 'task.granted') s
         ON s.fence = a.fence
       LEFT JOIN (SELECT m.fence, sum(iif(m.fence = c.fence, m.duration_ms, 0)) AS counted_ms,
           sum(iif(m.fence IS NOT c.fence, m.duration_ms, 0)) AS repeated_ms,
           count(DISTINCT iif(m.fence = c.fence, c.test_id, NULL)) AS tests
         FROM test_attempts m JOIN tests c ON c.run_id = m.run_id AND c.test_id = m.test_id WHERE m.run_id = ? GROUP BY m.fence) x
         ON x.fence = a.fence
     WHERE t.run_id = ? AND t.kind <> 'discover' ORDER BY a.fence`,
    [runId, runId, runId],
  );
  return rows.map((row) => ({
    workerId: row.worker_id,
    own: true,
    from: row.granted_at,
    to: Math.max(row.granted_at, row.ended_at ?? now),
    slots: row.slots ?? 1,
    wallMs: row.wall_ms,
    countedMs: row.counted_ms,
    repeatedMs: row.repeated_ms,
    tests: row.tests,
  }));
}

async function workersOf(
  r: ReadHandle,
  runId: string,
  own: readonly OwnGrant[],
  span: Interval,
  now: number,
): Promise<WorkerFacts[]> {
  const workers: WorkerFacts[] = [];
  for (const [workerId, grants] of Map.groupBy(own, (grant) => grant.workerId)) {
    const known = await r.get<{ hostname: string; speed: number }>('SELECT hostname, speed FROM workers WHERE id = ?', [
      workerId,
    ]);
    workers.push({
      worker_id: workerId,
      worker: known?.hostname ?? workerId,
      speed: known?.speed ?? 1,
      grants: [...grants, ...(await otherGrants(r, runId, workerId, span, now))],
      offline: await offlineSpans(r, workerId, span),
    });
  }
  return workers.sort((a, b) => (a.worker < b.worker ? -1 : 1));
}

export async function otherGrants(
  r: ReadHandle,
  runId: string,
  workerId: string,
  span: Interval,
  now: number,
): Promise<GrantSpan[]> {
  const rows = await r.all<{ granted_at: number; ended_at: number | null }>(
    `SELECT a.granted_at, a.ended_at FROM task_attempts a JOIN tasks t ON t.id = a.task_id
     WHERE a.worker_id = ? AND t.run_id <> ? AND a.granted_at < ? AND coalesce(a.ended_at, ?) > ?`,
    [workerId, runId, span.to, now, span.from],
  );
  return rows.map((row) => ({
    own: false,
    from: row.granted_at,
    to: row.ended_at ?? now,
    slots: 1,
    wallMs: null,
    countedMs: 0,
    repeatedMs: 0,
    tests: 0,
  }));
}

export async function offlineSpans(r: ReadHandle, workerId: string, span: Interval): Promise<Interval[]> {
  const rows = await r.all<{ at: number; type: string }>(
    `SELECT at, type FROM events WHERE worker_id = ? AND type IN ('worker.online', 'worker.offline') AND at < ? ORDER BY seq`,
    [workerId, span.to],
  );
  const spans: Interval[] = [];
  let since: number | null = -Infinity;
  for (const { at, type } of rows) {
    if (type === 'worker.online') {
      if (since !== null && at > span.from) spans.push({ from: Math.max(since, span.from), to: at });
      since = null;
    } else since ??= at;
  }
  if (since !== null && rows.length > 0) spans.push({ from: Math.max(since, span.from), to: span.to });
  return spans;
}

/** Units whose tests ran; a unit takes what all its tests together took. */
async function unitsOf(r: ReadHandle, runId: string): Promise<UnitFacts[]> {
  const rows = await r.all<{ title: string; file: string; project: string; expected_ms: number; actual_ms: number }>(
    `SELECT u.title, u.file, u.project, u.expected_ms, sum(t.duration_ms) AS actual_ms FROM units u
       JOIN tests t ON t.run_id = u.run_id AND t.unit_no = u.no
     WHERE u.run_id = ? AND t.attempts > 0 GROUP BY u.no`,
    [runId],
  );
  return rows.map((row) => ({ title: nameOf(row), expectedMs: row.expected_ms, actualMs: row.actual_ms }));
}

async function testsAsUnits(r: ReadHandle, runId: string): Promise<UnitFacts[]> {
  const rows = await r.all<{ title: string; file: string; project: string; duration_ms: number }>(
    `SELECT plan ->> '$.titlePath' AS title, file, project, duration_ms FROM tests WHERE run_id = ? AND attempts > 0 AND supporting = 0`,
    [runId],
  );
  return rows.map((row) => ({
    title: nameOf({ ...row, title: (JSON.parse(row.title) as string[]).join(' › ') }),
    expectedMs: null,
    actualMs: row.duration_ms,
  }));
}

/** `[chromium] cart.spec.ts › cart › adds an item`; a unit that is a whole file has no title of its own. */
function nameOf({ project, file, title }: { project: string; file: string; title: string }): string {
  const inFile = title === '' || title === file ? file : `${file} › ${title}`;
  return project === '' ? inFile : `[${project}] ${inFile}`;
}

async function supportingTime(r: ReadHandle, runId: string): Promise<number> {
  const row = await r.get<{ ms: number | null }>(
    'SELECT sum(duration_ms) AS ms FROM tests WHERE run_id = ? AND supporting = 1 AND attempts > 0',
    [runId],
  );
  return row?.ms ?? 0;
}

function stealsOf(
  r: ReadHandle,
  runId: string,
): Promise<{ at: number; from: string; to: string | null; tests: number; expected_ms: number }[]> {
  return r.all(
    `SELECT e.at, coalesce(v.hostname, e.worker_id) AS "from", (
         SELECT coalesce(k.hostname, a.worker_id) FROM task_attempts a LEFT JOIN workers k ON k.id = a.worker_id
         WHERE a.task_id = e.data ->> '$.to_task_id' ORDER BY a.fence LIMIT 1) AS "to",
       e.data ->> '$.tests' AS tests, e.data ->> '$.expected_ms' AS expected_ms
     FROM events e LEFT JOIN workers v ON v.id = e.worker_id WHERE e.run_id = ? AND e.type = 'task.split' ORDER BY e.seq`,
    [runId],
  );
}

function racesOf(
  r: ReadHandle,
  runId: string,
): Promise<{ at: number; from: string; to: string; tests: number; won: number | null }[]> {
  return r.all(
    `SELECT e.at, coalesce(v.hostname, e.worker_id) AS "from", e.data ->> '$.to_worker' AS "to", e.data ->> '$.tests' AS tests,
       iif(a.ended_at IS NULL, NULL, EXISTS (SELECT 1 FROM tests x WHERE x.run_id = e.run_id AND x.fence = a.fence AND x.supporting = 0)) AS won
     FROM events e LEFT JOIN workers v ON v.id = e.worker_id
       LEFT JOIN task_attempts a ON a.task_id = e.data ->> '$.to_task_id' AND a.attempt = 1
     WHERE e.run_id = ? AND e.type = 'task.raced' ORDER BY e.seq`,
    [runId],
  );
}

function requeuesOf(
  r: ReadHandle,
  runId: string,
): Promise<{ at: number; worker: string; ended: string; reason: string | null }[]> {
  return r.all(
    `SELECT a.ended_at AS at, coalesce(k.hostname, a.worker_id) AS worker, a.ended, a.reason
     FROM tasks t JOIN task_attempts a ON a.task_id = t.id LEFT JOIN workers k ON k.id = a.worker_id
     WHERE t.run_id = ? AND a.ended IS NOT NULL AND a.ended NOT IN ('completed', 'cancelled') ORDER BY a.ended_at`,
    [runId],
  );
}
