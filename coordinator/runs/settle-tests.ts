/** Gives tests their one counted outcome (invariant I1) and keeps the run's totals in step, in the same transaction. */
import type { TestOutcome } from '../../shared/protocol/playwright.ts';
import type { WriteHandle } from '../storage/database.ts';

export interface Settlement {
  testId: string;
  outcome: TestOutcome;
  /** Counted attempts; 0 = it never ran, `note` says why. */
  attempts: number;
  durationMs: number;
  note?: string;
}

export interface Settled extends Settlement {
  project: string;
  file: string;
  plan: string;
}

/**
 * A test that has its outcome keeps it. The exception are supporting tests, which run in every process: a failure replaces a success,
 * so that the reason why other tests did not run is never hidden.
 * Returns the settlements that counted. `fence` names the grant whose attempts count from now on.
 */
export async function settleTests(
  w: WriteHandle,
  runId: string,
  fence: number | null,
  settlements: readonly Settlement[],
  now: number,
): Promise<Settled[]> {
  const counted: Settled[] = [];
  for (const settlement of settlements) {
    const before = await w.get<{ outcome: TestOutcome | null; supporting: number; project: string; file: string; plan: string }>(
      'SELECT outcome, supporting, project, file, plan FROM tests WHERE run_id = ? AND test_id = ?',
      [runId, settlement.testId],
    );
    if (!before) continue;
    const replaces = before.supporting === 1 && settlement.outcome === 'unexpected' && before.outcome !== 'unexpected';
    if (before.outcome !== null && !replaces) continue;
    await w.run(
      'UPDATE tests SET outcome = ?, fence = ?, attempts = ?, duration_ms = ?, note = ?, settled_at = ? WHERE run_id = ? AND test_id = ?',
      [settlement.outcome, fence, settlement.attempts, settlement.durationMs, settlement.note ?? null, now, runId, settlement.testId],
    );
    if (before.outcome !== null) await count(w, runId, before.outcome, -1);
    await count(w, runId, settlement.outcome, 1);
    counted.push({ ...settlement, project: before.project, file: before.file, plan: before.plan });
  }
  return counted;
}

async function count(w: WriteHandle, runId: string, outcome: TestOutcome, by: 1 | -1): Promise<void> {
  await w.run(`UPDATE runs SET tests_settled = tests_settled + ?, ${outcome} = ${outcome} + ? WHERE id = ?`, [by, by, runId]);
}
