/** Pending tasks of which a try failed: where each may go next, and the record of why. */
import { hasBrowsers } from '../runs/rules/needs.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import type { Claim } from './claim-tasks.ts';
import type { Connected, Fleet, WorkerProfile } from './fleet.ts';
import { chooseNext, type Choice, type PastFailure, type Place } from './rules/escalation.ts';
import { whyNotMatching, type Wanted } from './rules/matching.ts';

export interface EscalatedTask {
  id: string;
  /** It holds a test that was running in a loss or crash. */
  suspect: boolean;
  failures: PastFailure[];
}

/** So many of one run are looked at in one round. */
const AT_ONCE = 200;

export const placeOf = (profile: WorkerProfile): Place => ({
  workerId: profile.id,
  name: profile.name,
  machine: profile.fingerprint ?? profile.id,
  kind: `${profile.capabilities.platform} ${profile.capabilities.arch}`,
});

/** Those of a run with these needs, the most urgent first. Costs next to nothing where there are none. */
async function escalatedTasks(r: ReadHandle, runId: string, needs: string): Promise<EscalatedTask[]> {
  const rows = await r.all<{ id: string; escalated: number }>(
    `SELECT id, escalated FROM tasks WHERE run_id = ? AND state = 'pending' AND escalated > 0 AND needs = ?
     ORDER BY priority DESC, seq LIMIT ${AT_ONCE}`,
    [runId, needs],
  );
  return rows.length === 0 ? [] : withFailures(r, rows);
}

/** null where it is not escalated. */
export async function escalatedTask(r: ReadHandle, taskId: string): Promise<EscalatedTask | null> {
  const row = await r.get<{ id: string; escalated: number }>('SELECT id, escalated FROM tasks WHERE id = ?', [taskId]);
  if (!row || row.escalated === 0) return null;
  return (await withFailures(r, [row]))[0] ?? null;
}

/** Its own failed attempts, and those in which a test that it has still to run was running. */
async function withFailures(
  r: ReadHandle,
  tasks: readonly { id: string; escalated: number }[],
): Promise<EscalatedTask[]> {
  const rows = await r.all<{
    task_id: string;
    worker_id: string;
    name: string | null;
    fingerprint: string | null;
    kind: string | null;
    at: number;
    reason: string | null;
  }>(
    `WITH wanted AS (SELECT value AS id FROM json_each(?)),
       tries AS (
         SELECT a.task_id, a.fence FROM task_attempts a WHERE a.task_id IN (SELECT id FROM wanted) AND a.ended IN ('failed', 'timeout', 'expired', 'lost')
         UNION
         SELECT u.task_id, i.fence FROM units u JOIN tests t ON t.run_id = u.run_id AND t.unit_no = u.no
           JOIN test_incidents i ON i.run_id = t.run_id AND i.test_id = t.test_id
         WHERE u.task_id IN (SELECT id FROM wanted) AND t.outcome IS NULL)
     SELECT tries.task_id, a.worker_id, k.hostname AS name, k.fingerprint, k.capabilities ->> '$.platform' || ' ' || (k.capabilities ->> '$.arch') AS kind,
       a.ended_at AS at, a.reason
     FROM tries JOIN task_attempts a ON a.fence = tries.fence LEFT JOIN workers k ON k.id = a.worker_id ORDER BY a.fence`,
    [JSON.stringify(tasks.map((task) => task.id))],
  );
  const byTask = Map.groupBy(rows, (row) => row.task_id);
  return tasks.map(({ id, escalated }) => ({
    id,
    suspect: escalated === 2,
    failures: (byTask.get(id) ?? []).map((row) => ({
      workerId: row.worker_id,
      name: row.name ?? row.worker_id,
      machine: row.fingerprint ?? row.worker_id,
      kind: row.kind ?? 'unknown',
      at: row.at,
      reason: row.reason ?? 'no reason known',
    })),
  }));
}

export interface PlacedTask {
  task: EscalatedTask;
  choice: Choice;
  /** Only machines that failed a suspect before are there: it comes after all else, so that it takes nothing down that could be done first. */
  last: boolean;
}

/** Pending tasks of a run of which a try failed, with those of the connected workers, busy or not, that may try next. */
export async function placeEscalated(
  r: ReadHandle,
  fleet: Fleet,
  { runId, requirements, needs }: { runId: string; requirements: Wanted; needs: string },
  now: number,
): Promise<PlacedTask[]> {
  const tasks = await escalatedTasks(r, runId, needs);
  if (tasks.length === 0) return [];
  const able = [...fleet.connected].filter(
    ({ profile }) =>
      profile.intent === 'active' &&
      profile.heldBack === null &&
      whyNotMatching(requirements, profile) === null &&
      hasBrowsers(needs, profile.capabilities.browsers),
  );
  const places = able.map(({ profile }) => placeOf(profile));
  return tasks.map((task) => {
    const choice = chooseNext(task.failures, places, now);
    return { task, choice, last: task.suspect && choice.step === 'retry' };
  });
}

/** Of these workers, those that may take it now. */
export async function allowedFor(
  r: ReadHandle,
  { task, choice }: PlacedTask,
  workers: readonly Connected[],
): Promise<Connected[]> {
  const busy = task.suspect ? await holdersOfSuspects(r) : new Set<string>();
  return workers.filter(({ profile: { id } }) => choice.workerIds.has(id) && !busy.has(id));
}

/** Workers that hold a suspect: none gets a second one, so that no innocent test is near a killer twice. */
export async function holdersOfSuspects(r: ReadHandle): Promise<Set<string>> {
  const rows = await r.all<{ worker_id: string }>(
    `SELECT DISTINCT worker_id FROM tasks WHERE escalated = 2 AND state IN ('assigned', 'running')`,
  );
  return new Set(rows.map((row) => row.worker_id));
}

export async function recordStep(w: WriteHandle, claim: Claim, { step, why }: Choice): Promise<void> {
  await w.run('UPDATE task_attempts SET step = ?, why = ? WHERE fence = ?', [step, why, claim.fence]);
  const { attempt, fence, runId, workerId, taskId } = claim;
  await w.event({ type: 'task.escalated', runId, workerId, taskId, data: { attempt, fence, step, why } });
}
