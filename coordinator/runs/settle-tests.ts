/** Gives tests their one counted outcome (invariant I1) and keeps the run's totals and its event in step, in the same transaction. */
import { failureCluster } from '../../shared/model/failure-cluster.ts';
import type { SettledTestEvent } from '../../shared/protocol/events.ts';
import type { TestOutcome } from '../../shared/protocol/playwright.ts';
import type { WriteHandle } from '../storage/database.ts';

export interface Settlement {
  testId: string;
  outcome: TestOutcome;
  /** Counted attempts; 0 = it never ran, `note` says why. */
  attempts: number;
  durationMs: number;
  note?: string;
  /** Error of the last counted attempt that had one, short enough for an event. */
  error?: string | null;
}

/** Whose attempts count from now on; null where the coordinator itself settles what never ran. */
export interface SettledBy {
  fence: number;
  taskId: string;
  workerId: string;
}

interface Before {
  outcome: TestOutcome | null;
  supporting: number;
  project: string;
  file: string;
  plan: string;
}

/**
 * A test that has its outcome keeps it. The exception are supporting tests, which run in every process: a failure replaces a success,
 * so that the reason why other tests did not run is never hidden. Returns how many settlements counted.
 */
export async function settleTests(
  w: WriteHandle,
  runId: string,
  by: SettledBy | null,
  settlements: readonly Settlement[],
  now: number,
): Promise<number> {
  const settled: SettledTestEvent[] = [];
  for (const settlement of settlements) {
    const before = await w.get<Before>(
      'SELECT outcome, supporting, project, file, plan FROM tests WHERE run_id = ? AND test_id = ?',
      [runId, settlement.testId],
    );
    if (!before) continue;
    const replaces = before.supporting === 1 && settlement.outcome === 'unexpected' && before.outcome !== 'unexpected';
    if (before.outcome !== null && !replaces) continue;
    await w.run(
      'UPDATE tests SET outcome = ?, fence = ?, attempts = ?, duration_ms = ?, note = ?, settled_at = ?, cluster = ? WHERE run_id = ? AND test_id = ?',
      [
        settlement.outcome,
        by?.fence ?? null,
        settlement.attempts,
        settlement.durationMs,
        settlement.note ?? null,
        now,
        await clusterOf(w, settlement),
        runId,
        settlement.testId,
      ],
    );
    if (before.outcome !== null) await count(w, runId, before.outcome, -1);
    await count(w, runId, settlement.outcome, 1);
    settled.push(toEvent(settlement, before));
  }
  if (settled.length > 0) {
    const ids = by ? { workerId: by.workerId, taskId: by.taskId } : {};
    await w.event({ type: 'results', runId, ...ids, data: { settled } });
  }
  return settled.length;
}

/** Of what failed, also of what passed in the end: which error it was. */
async function clusterOf(w: WriteHandle, { outcome, error, note }: Settlement): Promise<string | null> {
  if (outcome !== 'unexpected' && outcome !== 'flaky') return null;
  const { id, title } = failureCluster(error ?? note ?? '');
  await w.run('INSERT INTO clusters (id, title) VALUES (?, ?) ON CONFLICT DO NOTHING', [id, title]);
  return id;
}

async function count(w: WriteHandle, runId: string, outcome: TestOutcome, by: 1 | -1): Promise<void> {
  await w.run(`UPDATE runs SET tests_settled = tests_settled + ?, ${outcome} = ${outcome} + ? WHERE id = ?`, [
    by,
    by,
    runId,
  ]);
}

function toEvent(settlement: Settlement, before: Before): SettledTestEvent {
  const plan = JSON.parse(before.plan) as { titlePath: string[]; line: number };
  return {
    test_id: settlement.testId,
    title: plan.titlePath.join(' › '),
    project: before.project,
    file: before.file,
    line: plan.line,
    outcome: settlement.outcome,
    replaces: before.outcome,
    attempts: settlement.attempts,
    duration_ms: settlement.durationMs,
    error: settlement.outcome === 'expected' ? null : (settlement.error ?? settlement.note ?? null),
  };
}
