/** The task groups of a run as they stand, and what follows from it: groups begin, have ended, or are not run. */
import { taskGroup, type GroupState, type TaskGroup } from '../../shared/protocol/work.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { cancelPendingTasks } from './cancel-tasks.ts';
import { advanceGroups, type GroupChange } from './rules/groups.ts';
import { settleTests } from './settle-tests.ts';

export async function readGroups(r: ReadHandle, runId: string): Promise<(TaskGroup & { no: number })[]> {
  const rows = await r.all<{ no: number; spec: string }>(
    'SELECT no, spec FROM task_groups WHERE run_id = ? ORDER BY no',
    [runId],
  );
  return rows.map(({ no, spec }) => ({ ...taskGroup.parse(JSON.parse(spec)), no }));
}

interface Standing {
  no: number;
  name: string;
  spec: string;
  state: GroupState;
  open: number;
  failed: number;
}

/**
 * Call it when a run is planned, and when tasks of it have ended, before asking whether any is left: what is not run is ended here. Costs
 * next to nothing for a run without groups.
 */
export async function moveGroups(w: WriteHandle, runId: string, now: number): Promise<void> {
  const rows = await w.all<Standing>(standings, [runId]);
  if (!rows.some((row) => row.state === 'waiting' || row.state === 'running')) return;
  const groups = rows.map(({ name, spec, state, open, failed }) => {
    const { after, on_failure } = JSON.parse(spec) as TaskGroup;
    return { name, after, on_failure, state, isOpen: open === 1, hasFailed: failed === 1 };
  });
  for (const change of advanceGroups(groups)) {
    const group = rows.find((row) => row.name === change.name);
    if (group) await moveGroup(w, runId, group.no, change, now);
  }
}

async function moveGroup(
  w: WriteHandle,
  runId: string,
  no: number,
  { name, state, reason }: GroupChange,
  now: number,
): Promise<void> {
  await w.run('UPDATE task_groups SET state = ?, reason = ? WHERE run_id = ? AND no = ?', [state, reason, runId, no]);
  if (state === 'running') await w.run('UPDATE tasks SET waits = 0 WHERE run_id = ? AND group_no = ?', [runId, no]);
  let tasks = 0;
  if (state === 'skipped') {
    const note = `not run: ${reason}`;
    await settleTests(w, runId, null, await unrun(w, runId, no, note), now);
    tasks = await cancelPendingTasks(w, { runId, groupNo: no }, note, now);
  }
  await w.event({ type: 'run.group', runId, data: { name, state, reason, tasks } });
}

async function unrun(r: ReadHandle, runId: string, no: number, note: string) {
  const rows = await r.all<{ test_id: string }>(
    `SELECT t.test_id FROM tasks k CROSS JOIN units u ON u.task_id = k.id CROSS JOIN tests t ON t.run_id = u.run_id AND t.unit_no = u.no
     WHERE k.run_id = ? AND k.group_no = ? AND t.outcome IS NULL ORDER BY t.no`,
    [runId, no],
  );
  return rows.map((row) => ({ testId: row.test_id, outcome: 'skipped' as const, attempts: 0, durationMs: 0, note }));
}

/** Ends what was still open of a run that ends early. */
export async function endGroups(w: WriteHandle, runId: string, reason: string | null): Promise<void> {
  await w.run(
    `UPDATE task_groups SET state = CASE state WHEN 'waiting' THEN 'skipped' ELSE 'failed' END, reason = ?
     WHERE run_id = ? AND state IN ('waiting', 'running')`,
    [reason ?? 'the run has ended', runId],
  );
}

/** CASE, so that what failed is only looked for once nothing is open. A test that never ran is no success either. */
const standings = `
  WITH g AS (
    SELECT run_id, no, name, spec, state, EXISTS (SELECT 1 FROM tasks k WHERE k.run_id = task_groups.run_id
      AND k.group_no = task_groups.no AND k.state IN ('pending', 'assigned', 'running')) AS open
    FROM task_groups WHERE run_id = ?)
  SELECT no, name, spec, state, open, CASE WHEN open = 1 OR state <> 'running' THEN 0 ELSE EXISTS (
      SELECT 1 FROM tasks k CROSS JOIN units u ON u.task_id = k.id CROSS JOIN tests t ON t.run_id = u.run_id AND t.unit_no = u.no
      WHERE k.run_id = g.run_id AND k.group_no = g.no
        AND (k.state <> 'completed' OR k.error_message IS NOT NULL OR t.outcome = 'unexpected' OR (t.outcome = 'skipped' AND t.attempts = 0)))
    END AS failed
  FROM g ORDER BY no`;
