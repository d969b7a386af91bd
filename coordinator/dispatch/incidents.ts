/** Tests that were running when their process crashed or their worker was lost: counted, quarantined, and told apart from the innocent. */
import type { TestAttempt } from '../../shared/protocol/playwright.ts';
import { settleTests } from '../runs/settle-tests.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { HeldTask } from './held-task.ts';
import { splitOff } from './split-off.ts';
import { quarantineNote, type Division, type Incident, type OpenUnit } from './rules/poison.ts';

export interface NewIncident {
  how: 'crashed' | 'timeout' | 'lost' | 'expired';
  reason: string | null;
}

/** Notes the incident for each of `suspects` and quarantines those that come to `limit`. Returns the ids of these. */
export async function recordIncident(
  w: WriteHandle,
  task: HeldTask,
  { how, reason }: NewIncident,
  suspects: readonly string[],
  limit: number,
  now: number,
): Promise<string[]> {
  if (suspects.length === 0) return [];
  await w.run(
    `INSERT INTO test_incidents (run_id, test_id, fence, task_id, worker_id, at, how, reason)
     SELECT ?, value, ?, ?, ?, ?, ?, ? FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`,
    [task.runId, task.fence, task.id, task.workerId, now, how, reason, JSON.stringify(suspects)],
  );
  const rows = await w.all<{ test_id: string }>(
    `SELECT test_id FROM test_incidents WHERE run_id = ? AND test_id IN (SELECT value FROM json_each(?))
     GROUP BY test_id HAVING count(*) >= ?`,
    [task.runId, JSON.stringify(suspects), limit],
  );
  const poisonous = rows.map((row) => row.test_id);
  for (const testId of poisonous) await quarantine(w, task, testId, now);
  return poisonous;
}

/** It has its outcome, so it runs no more in this run, and what else there is of its task goes on. */
async function quarantine(w: WriteHandle, task: HeldTask, testId: string, now: number): Promise<void> {
  const incidents = await incidentsOf(w, task.runId, testId);
  const note = quarantineNote(incidents);
  const attempts = await addFailedAttempt(w, task, testId, note, now);
  const { fence, id: taskId, workerId } = task;
  const settlement = { testId, outcome: 'unexpected' as const, attempts, durationMs: 0, note, error: note };
  await settleTests(w, task.runId, { fence, taskId, workerId }, [settlement], now);
  await w.run('UPDATE tests SET quarantined_at = ? WHERE run_id = ? AND test_id = ?', [now, task.runId, testId]);
  const row = await w.get<{ title: string }>(
    `SELECT plan ->> '$.titlePath' AS title FROM tests WHERE run_id = ? AND test_id = ?`,
    [task.runId, testId],
  );
  const title = row ? (JSON.parse(row.title) as string[]).join(' › ') : testId;
  const todo =
    'Look at what the test does to its machine (memory, processes that it starts or ends), mend it, then run the failed tests again: playfleet retry';
  await w.event({
    type: 'test.quarantined',
    runId: task.runId,
    workerId: task.workerId,
    taskId: task.id,
    data: { test_id: testId, title, incidents, todo },
  });
}

/** It ran, and nobody else can tell of it: so that reports show it as failed, with why. Returns how many attempts this grant has of it. */
async function addFailedAttempt(
  w: WriteHandle,
  task: HeldTask,
  testId: string,
  message: string,
  now: number,
): Promise<number> {
  const before = await w.get<{ next: number }>(
    'SELECT coalesce(max(retry) + 1, 0) AS next FROM test_attempts WHERE run_id = ? AND test_id = ? AND fence = ?',
    [task.runId, testId, task.fence],
  );
  const retry = before?.next ?? 0;
  const detail: Omit<TestAttempt, 'testId' | 'retry' | 'status' | 'startedAt' | 'durationMs'> = {
    errors: [{ message }],
    steps: [],
    annotations: [],
    stdout: '',
    stderr: '',
    workerIndex: -1,
    parallelIndex: -1,
    attachments: [],
  };
  await w.run(
    `INSERT INTO test_attempts (run_id, test_id, task_id, fence, retry, worker_id, status, started_at, duration_ms, received_at, detail)
     VALUES (?, ?, ?, ?, ?, ?, 'failed', ?, 0, ?, ?)`,
    [task.runId, testId, task.id, task.fence, retry, task.workerId, now, now, JSON.stringify(detail)],
  );
  return retry + 1;
}

async function incidentsOf(w: WriteHandle, runId: string, testId: string): Promise<Incident[]> {
  return w.all<Incident>(
    `SELECT coalesce(k.hostname, i.worker_id) AS worker, i.at, i.how, i.reason FROM test_incidents i
     LEFT JOIN workers k ON k.id = i.worker_id WHERE i.run_id = ? AND i.test_id = ? ORDER BY i.fence`,
    [runId, testId],
  );
}

export interface OpenUnitOfTask extends OpenUnit {
  tests: number;
  expectedMs: number;
}

/** Units of a task of which a test has no outcome, longest first. None for a shard: Playwright cuts it, and it cannot be divided. */
export async function openUnits(
  w: WriteHandle,
  task: HeldTask,
  suspects: readonly string[],
): Promise<OpenUnitOfTask[]> {
  if (task.kind !== 'units') return [];
  const rows = await w.all<{ no: number; suspect: number; tests: number; expected_ms: number }>(
    `SELECT u.no, u.expected_ms, count(*) AS tests, max(t.test_id IN (SELECT value FROM json_each(?))) AS suspect
     FROM units u JOIN tests t ON t.run_id = u.run_id AND t.unit_no = u.no
     WHERE u.task_id = ? AND t.outcome IS NULL GROUP BY u.no ORDER BY u.expected_ms DESC, u.no`,
    [JSON.stringify(suspects), task.id],
  );
  return rows.map(({ no, tests, suspect, expected_ms: expectedMs }) => ({
    no,
    tests,
    suspect: suspect === 1,
    expectedMs,
  }));
}

/** Makes tasks of their own of what must not run beside the rest. Call it before the task waits again. */
export async function divideTask(
  w: WriteHandle,
  task: HeldTask,
  units: readonly OpenUnitOfTask[],
  { apart }: Division,
  now: number,
): Promise<void> {
  if (apart.length === 0) return;
  const parts = apart.map(({ unitNos }) => units.filter((unit) => unitNos.includes(unit.no)));
  const ids = await splitOff(w, task, parts, now);
  for (const [i, { suspect }] of apart.entries())
    await w.run('UPDATE tasks SET escalated = ?, priority = 1 WHERE id = ?', [suspect ? 2 : 0, ids[i] ?? '']);
}
