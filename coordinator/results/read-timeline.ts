/** Reads how a run lay on the slots of its workers: grants by lane, and the attempts of tests that came of them. */
import type { Attempts, Timeline, TimelineGrant } from '../../shared/protocol/rest/timeline.ts';
import type { RunState } from '../../shared/protocol/rest/runs.ts';
import type { ReadHandle } from '../storage/database.ts';
import { offlineSpans, otherGrants } from './read-schedule.ts';
import { layOverLanes } from './schedule/lanes.ts';

interface GrantRow extends TimelineGrant {
  worker_id: string;
  slots: number | null;
}

/** `runId` must exist. */
export async function readTimeline(r: ReadHandle, runId: string, now: number): Promise<Timeline> {
  const run = await r.get<{ state: RunState }>('SELECT state FROM runs WHERE id = ?', [runId]);
  if (!run) throw new Error(`no run ${runId}`);
  const grants = await r.all<GrantRow>(
    `SELECT a.worker_id, a.fence, t.id AS task_id, a.attempt, t.kind, t.race_of, a.granted_at AS "from", a.ended_at AS "to",
       a.wall_ms, a.ended, a.reason, s.slots
     FROM tasks t JOIN task_attempts a ON a.task_id = t.id
       LEFT JOIN (SELECT data ->> '$.fence' AS fence, data ->> '$.slots' AS slots FROM events WHERE run_id = ? AND type = 'task.granted') s
         ON s.fence = a.fence
     WHERE t.run_id = ? AND t.kind <> 'discover' ORDER BY a.fence`,
    [runId, runId],
  );
  const span =
    grants.length === 0
      ? null
      : { from: Math.min(...grants.map(({ from }) => from)), to: Math.max(...grants.map(({ to }) => to ?? now)) };
  const workers: Timeline['workers'] = [];
  for (const [workerId, own] of Map.groupBy(grants, (grant) => grant.worker_id)) {
    workers.push(await workerOf(r, runId, workerId, own, span ?? { from: now, to: now }, now));
  }
  return {
    test_run_id: runId,
    status: run.state,
    at: now,
    span,
    workers: workers.sort((a, b) => (a.worker < b.worker ? -1 : 1)),
    steals: await stealsOf(r, runId),
  };
}

/** The same lanes as the explanation counts: those that worked for the run. */
async function workerOf(
  r: ReadHandle,
  runId: string,
  workerId: string,
  own: readonly GrantRow[],
  span: { from: number; to: number },
  now: number,
): Promise<Timeline['workers'][number]> {
  const known = await r.get<{ hostname: string }>('SELECT hostname FROM workers WHERE id = ?', [workerId]);
  const spans = [
    ...own.map((grant) => ({ from: grant.from, to: grant.to ?? now, slots: grant.slots ?? 1, grant })),
    ...(await otherGrants(r, runId, workerId, span, now)).map(({ from, to, slots }) => ({
      from,
      to,
      slots,
      grant: null,
    })),
  ];
  const lanes = layOverLanes(spans)
    .filter((lane) => lane.some(({ grant }) => grant !== null))
    .map((lane) => ({
      grants: lane.flatMap(({ grant }) => (grant === null ? [] : [bare(grant)])),
      other_runs: lane.flatMap(({ grant, from, to }) => (grant === null ? [{ from, to }] : [])),
    }));
  return {
    worker_id: workerId,
    worker: known?.hostname ?? workerId,
    lanes,
    offline: (await offlineSpans(r, workerId, span)).map(({ from, to }) => ({
      from: Math.max(from, span.from),
      to: Math.min(to, span.to),
    })),
  };
}

const bare = ({ worker_id: _worker, slots: _slots, ...grant }: GrantRow): TimelineGrant => grant;

function stealsOf(r: ReadHandle, runId: string): Promise<Timeline['steals']> {
  return r.all(
    `SELECT at, worker_id, task_id, data ->> '$.to_task_id' AS to_task_id, data ->> '$.tests' AS tests
     FROM events WHERE run_id = ? AND type = 'task.split' AND worker_id IS NOT NULL ORDER BY seq`,
    [runId],
  );
}

/** Attempts in the order in which they were stored. */
export async function readAttempts(
  r: ReadHandle,
  runId: string,
  page: { after: number; limit: number },
): Promise<Attempts> {
  const rows = await r.all<Omit<Attempts['items'][number], 'counted'> & { counted: number }>(
    `SELECT x.id, x.test_id, x.fence, x.retry, x.status, x.fence IS t.fence AS counted, x.started_at, x.duration_ms
     FROM test_attempts x JOIN tests t ON t.run_id = x.run_id AND t.test_id = x.test_id
     WHERE x.run_id = ? AND x.id > ? ORDER BY x.id LIMIT ?`,
    [runId, page.after, page.limit + 1],
  );
  return {
    items: rows.slice(0, page.limit).map((row) => ({ ...row, counted: row.counted === 1 })),
    more: rows.length > page.limit,
  };
}
