/** The one place where a run changes its state: by the rules, with its reason and its event, guarded by the state it was in. */
import type { RunState } from '../../shared/protocol/rest/runs.ts';
import type { WriteHandle } from '../storage/database.ts';
import { cancelPendingTasks } from './cancel-tasks.ts';
import { dependentsOf, judgeDependents, type Skipped } from './dependencies.ts';
import { endGroups } from './groups.ts';
import { isFinal, nextRunState, type RunEvent } from './rules/run-state.ts';

export interface MovedRun {
  from: RunState;
  to: RunState;
}

/**
 * Returns null where the run does not exist or its state does not allow `event`. `outcome` is required by, and only by, `finish`. With its
 * end, runs that waited for it begin to be due, or are cancelled as they asked for.
 */
export async function moveRun(
  w: WriteHandle,
  runId: string,
  event: RunEvent,
  details: { reason: string | null; outcome?: 'passed' | 'failed' },
  now: number,
): Promise<MovedRun | null> {
  const row = await w.get<{ state: RunState }>('SELECT state FROM runs WHERE id = ?', [runId]);
  if (!row) return null;
  const to = nextRunState(row.state, event);
  if (to === null) return null;
  const outcome = details.outcome ?? null;
  await w.run(
    `UPDATE runs SET state = ?, reason = ?, waiting = NULL, outcome = ?, started_at = coalesce(started_at, ?), completed_at = ? WHERE id = ? AND state = ?`,
    [to, details.reason, outcome, event.type === 'activate' ? now : null, isFinal(to) ? now : null, runId, row.state],
  );
  await w.event({ type: 'run.state', runId, data: { from: row.state, to, reason: details.reason, outcome } });
  if (!isFinal(to)) return { from: row.state, to };
  await endGroups(w, runId, details.reason);
  await skipRuns(w, await judgeDependents(w, await dependentsOf(w, runId), now), now);
  return { from: row.state, to };
}

/** Cancels pending runs that are not to be carried out, and what waits for them in turn. */
export async function skipRuns(w: WriteHandle, skipped: readonly Skipped[], now: number): Promise<void> {
  for (const { runId, reason } of skipped) {
    // Another of them may have led here already.
    if (!(await moveRun(w, runId, { type: 'cancel' }, { reason }, now))) continue;
    await cancelPendingTasks(w, { runId }, reason, now);
  }
}
