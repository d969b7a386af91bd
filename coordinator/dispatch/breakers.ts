/** The circuit breakers of workers as they are stored; every change is told by an event. The rules are in rules/breaker.ts. */
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import {
  afterFailure,
  afterSuccess,
  afterTime,
  closedBreaker,
  type Breaker,
  type BreakerRules,
  type BreakerState,
  type MachineFailure,
} from './rules/breaker.ts';

interface BreakerRow {
  id: string;
  hostname: string;
  breaker: BreakerState;
  breaker_reason: string | null;
  breaker_until: number | null;
  breaker_openings: number;
  breaker_from: number;
  total_completed: number;
}

const columns = 'id, hostname, breaker, breaker_reason, breaker_until, breaker_openings, breaker_from, total_completed';

/** Failures further back say nothing about today. */
const LATEST_FAILURES = 100;

/** Call it when a failure that may be the machine's is stored with its attempt. */
export async function judgeWorker(w: WriteHandle, workerId: string, rules: BreakerRules, now: number): Promise<void> {
  const row = await readRow(w, workerId);
  if (!row) return;
  const failures = await w.all<MachineFailure>(
    `SELECT ended_at AS at, coalesce(completed_before, 0) AS completedBefore, coalesce(reason, ended) AS reason FROM task_attempts
     WHERE worker_id = ? AND blame IS NOT NULL AND blame <> 'test' ORDER BY fence DESC LIMIT ${LATEST_FAILURES}`,
    [workerId],
  );
  await store(w, row, afterFailure(toBreaker(row), { failures, completed: row.total_completed }, rules, now));
}

/** Closes the breakers of workers whose trial was one of these grants and is completed. */
export async function settleTrials(w: WriteHandle, fences: readonly number[], now: number): Promise<void> {
  const rows = await w.all<BreakerRow>(
    // By the index that is nearly always empty: this runs with every end of a task.
    `SELECT ${columns} FROM workers INDEXED BY workers_held_back WHERE breaker <> 'closed' AND breaker = 'half_open' AND id IN (
       SELECT worker_id FROM task_attempts WHERE fence IN (SELECT value FROM json_each(?)) AND ended = 'completed')`,
    [JSON.stringify(fences)],
  );
  for (const row of rows) await store(w, row, afterSuccess(toBreaker(row), now));
}

export async function hasDue(r: ReadHandle, now: number): Promise<boolean> {
  return (await r.get(`SELECT 1 FROM workers WHERE breaker <> 'closed' AND breaker_until <= ?`, [now])) !== undefined;
}

/** Lets those be tried again whose cool-down is over. */
export async function endCoolDowns(w: WriteHandle, now: number): Promise<void> {
  const rows = await w.all<BreakerRow>(
    `SELECT ${columns} FROM workers WHERE breaker <> 'closed' AND breaker_until <= ?`,
    [now],
  );
  for (const row of rows) await store(w, row, afterTime(toBreaker(row), now));
}

/** A person says that the machine is well. Nothing happens where it is closed already. Returns its host name, null where there is no such worker. */
export async function resetBreaker(w: WriteHandle, workerId: string, now: number): Promise<string | null> {
  const row = await readRow(w, workerId);
  if (!row) return null;
  // What was noted in this very moment is forgotten too.
  if (row.breaker !== 'closed') await store(w, row, closedBreaker(now + 1));
  return row.hostname;
}

export interface Restraint {
  state: BreakerState;
  /** Tasks that it holds. */
  held: number;
}

/** Workers that are not given all the work they have room for; nearly always none. */
export async function restrained(r: ReadHandle): Promise<Map<string, Restraint>> {
  const rows = await r.all<{ id: string; breaker: BreakerState; held: number }>(
    `SELECT id, breaker, (SELECT count(*) FROM tasks t WHERE t.worker_id = workers.id AND t.state IN ('assigned', 'running')) AS held
     FROM workers WHERE breaker <> 'closed'`,
  );
  return new Map(rows.map((row) => [row.id, { state: row.breaker, held: row.held }]));
}

function readRow(r: ReadHandle, workerId: string): Promise<BreakerRow | undefined> {
  return r.get<BreakerRow>(`SELECT ${columns} FROM workers WHERE id = ? AND revoked_at IS NULL`, [workerId]);
}

const toBreaker = (row: BreakerRow): Breaker => ({
  state: row.breaker,
  reason: row.breaker_reason,
  until: row.breaker_until,
  openings: row.breaker_openings,
  from: row.breaker_from,
});

async function store(w: WriteHandle, row: BreakerRow, after: Breaker): Promise<void> {
  const { state, reason, until, openings, from } = after;
  if (state === row.breaker && openings === row.breaker_openings && from === row.breaker_from) return;
  await w.run(
    'UPDATE workers SET breaker = ?, breaker_reason = ?, breaker_until = ?, breaker_openings = ?, breaker_from = ? WHERE id = ?',
    [state, reason, until, openings, from, row.id],
  );
  await w.event({ type: 'worker.breaker', workerId: row.id, data: { worker: row.hostname, state, reason, until } });
}
